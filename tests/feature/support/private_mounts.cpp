#include "support/private_mounts.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "support/caller.hpp"
#include "support/child.hpp"

namespace stepbox::feature::in_child {

void mount_empty(const std::filesystem::path& where) {
  must(::mount("tmpfs", where.c_str(), "tmpfs", 0, "mode=0755") == 0, where.c_str());
}

void mount_ramfs(const std::filesystem::path& where) {
  must(::mount("none", where.c_str(), "ramfs", 0, nullptr) == 0, "mount ramfs");
}

void make_owned_directory(const std::filesystem::path& path, mode_t mode, uid_t owner) {
  must(::mkdir(path.c_str(), mode) == 0 && ::chown(path.c_str(), owner, owner) == 0, path.c_str());
}

}  // namespace stepbox::feature::in_child

namespace stepbox::feature {

std::function<void()> with_passwd_home(const Place& place, const std::filesystem::path& home) {
  if (!suite_is_root()) return {};
  const std::string id = std::to_string(uid_of(place.caller()));
  const std::string name = place.caller() == Caller::root ? "root" : "tester";
  const fs::path passwd =
      place.make_file(place.root() / "passwd", name + ":x:" + id + ":" + id + "::" + home.string() + ":/bin/sh\n");
  return [passwd] {
    in_child::private_mounts();
    in_child::must(::mount(passwd.c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr) == 0, "cover /etc/passwd");
  };
}

}  // namespace stepbox::feature
