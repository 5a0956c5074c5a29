// Promises 1 and 2: fresh and contained.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/fingerprint.hpp"
#include "support/host.hpp"
#include "support/place.hpp"
#include "support/private_mounts.hpp"

namespace stepbox::feature {
namespace {

// The places where tools write without asking, and their present content.
Fingerprint shared_places(const std::string& name, uid_t uid) {
  Fingerprint found;
  for (const std::string& place :
       {"/tmp/" + name, "/var/tmp/" + name, "/dev/shm/" + name, "/run/user/" + std::to_string(uid) + "/" + name})
    found[place] = fs::exists(fs::symlink_status(place)) ? "there" : "missing";
  return found;
}

}  // namespace

TEST_CASE("a tool that ignores every variable leaves nothing on the host", "[fresh]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path passwd_home = place.make_directory(place.root() / "passwd-home");
  const std::string name = "cache-" + place.mark();
  const std::vector<fs::path> trees = {place.home(), passwd_home, place.checkout()};

  const Fingerprint before = fingerprint_of(trees, Depth::tree);
  const Fingerprint shared_before = shared_places(name, uid_of(caller));
  Command writing = place.step({}, {"write_everywhere", name});
  writing.prepare = with_passwd_home(place, passwd_home);
  const Run wrote = run(writing);
  INFO(wrote);
  REQUIRE(wrote.code() == 0);

  // Every write of the tool succeeded, in every place.
  const auto told = lines_of(wrote.out);
  CHECK(told.size() == (suite_is_root() ? 5 : told.size()));
  for (const std::string& line : told) CHECK(line.ends_with(" OK"));
  if (suite_is_root()) CHECK(value_of(wrote.out, passwd_home.string() + "/.cache/tool/" + name) == "OK");

  CHECK(differences(before, fingerprint_of(trees, Depth::tree)).empty());
  CHECK(differences(shared_before, shared_places(name, uid_of(caller))).empty());

  SECTION("and the next run sees nothing of it") {
    Command looking = place.step({}, {"write_everywhere", "--look", name});
    looking.prepare = with_passwd_home(place, passwd_home);
    const Run looked = run(looking);
    INFO(looked);
    CHECK(looked.code() == 0);
    for (const std::string& line : lines_of(looked.out)) CHECK(line.ends_with(" ENOENT"));
  }
}

TEST_CASE("without stepbox the same tool leaves its files behind, so the case above can fail", "[fresh]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string name = "cache-" + place.mark();
  const Fingerprint before = shared_places(name, uid_of(caller));
  const Run wrote = run(place.command({program("write_everywhere"), name}));
  const std::string left = differences(before, shared_places(name, uid_of(caller)));
  for (const std::string& line : lines_of(wrote.out))
    if (line.ends_with(" OK")) fs::remove(line.substr(0, line.size() - 3));
  CHECK_FALSE(left.empty());
}

TEST_CASE("a step starts with an empty home, empty temporary directories and empty shared memory", "[fresh]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.home() / "secret", "token");
  const Run looked = place.run_step(
      {}, {"sh", "-c", "ls -A \"$HOME\" /var/tmp /dev/shm; cat \"" + (place.home() / "secret").string() + "\""});
  INFO(looked);
  CHECK(looked.code() != 0);
  CHECK(looked.out.find("secret") == std::string::npos);
  CHECK(looked.out.find("token") == std::string::npos);
}

TEST_CASE("what a step writes in a writable checkout stays, and belongs to the caller", "[fresh]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run built = place.run_step(
      {}, {"sh", "-c", "echo built > result && mkdir sub && echo deep > sub/file && stat -c %u:%g result"});
  INFO(built);
  REQUIRE(built.code() == 0);
  CHECK(read_file(place.checkout() / "result") == "built\n");
  CHECK(read_file(place.checkout() / "sub/file") == "deep\n");
  CHECK(built.out == std::to_string(uid_of(caller)) + ":" + std::to_string(gid_of(caller)) + "\n");
  for (const char* made : {"result", "sub", "sub/file"}) {
    CAPTURE(made);
    const auto owner = fingerprint_of({place.checkout() / made}, Depth::listing).begin()->second;
    const std::string wanted = " owner " + std::to_string(uid_of(caller)) + ":" + std::to_string(gid_of(caller)) + " ";
    CHECK(owner.find(wanted) != std::string::npos);
  }
}

TEST_CASE("a whole build leaves no trace in the stable parts of the host", "[fresh][slow]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  // Trees that nothing else on this machine changes; those of logs and package tools are left out.
  const std::vector<fs::path> trees = {"/etc", "/opt", "/usr/local", "/usr/bin", "/usr/sbin", "/var/lib", "/boot"};
  const std::vector<fs::path> noisy = {"/var/lib/systemd", "/var/lib/dpkg",    "/var/lib/apt",
                                       "/var/lib/dhcp",    "/etc/resolv.conf", "/etc/mtab"};
  const Fingerprint before = fingerprint_of(trees, Depth::tree, noisy);
  const std::string script =
      "write_everywhere everywhere >/dev/null; "
      "for d in / /etc /usr /usr/local /usr/bin /opt /srv /var /var/lib /var/cache /var/log /boot /home /root /mnt "
      "/media; do "
      "  mkdir $d/stepbox-trace; echo x > $d/stepbox-trace-file; done 2>/dev/null; "
      // Opens them for writing and changes nothing: even if the box had a hole, the host would survive the test.
      "for f in /etc/passwd /etc/hosts /usr/bin/env /var/lib/dpkg/status; do printf '' >> $f; touch -r $f $f; done "
      "2>/dev/null; echo done";
  const Run built = place.run_step({}, {"sh", "-c", script});
  INFO(built);
  CHECK(built.out == "done\n");
  CHECK(differences(before, fingerprint_of(trees, Depth::tree, noisy)) == "");
  for (const char* directory :
       {"/", "/etc", "/usr", "/usr/local", "/usr/bin", "/opt", "/srv", "/var", "/var/lib", "/root"})
    for (const char* name : {"stepbox-trace", "stepbox-trace-file"})
      CHECK(::access((fs::path(directory) / name).c_str(), F_OK) != 0);
}

}  // namespace stepbox::feature
