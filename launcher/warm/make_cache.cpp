#include "warm/make_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "base/text.hpp"
#include "warm/layout.hpp"

namespace stepbox::warm {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{20};

// Others may enter the directories above the store: /var/lib/stepbox, ~/.local/share.
Result<> make_directories_above(const std::string& store) {
  for (size_t slash = store.find('/', 1); slash != std::string::npos; slash = store.find('/', slash + 1)) {
    const std::string above = store.substr(0, slash);
    if (::mkdir(above.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno("cannot make the directory " + quoted(above), errno);
  }
  return {};
}

}  // namespace

Result<Place> make_cache(const std::string& store, const std::string& name) {
  if (!is_warm_name(name)) TRY(open_cache(store, name));
  TRY(make_directories_above(store));
  TRY_ASSIGN(const sys::Fd top, make_own_directory(AT_FDCWD, store, store));
  TRY_ASSIGN(sys::Fd cache, make_own_directory(top.get(), name, store + "/" + name));
  return Place{std::move(cache), store + "/" + name};
}

Result<std::optional<sys::Fd>> lock_cache(int cache, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    TRY_ASSIGN(std::optional<sys::Fd> lock, try_lock_cache(cache));
    if (lock || std::chrono::steady_clock::now() >= end) return lock;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace stepbox::warm
