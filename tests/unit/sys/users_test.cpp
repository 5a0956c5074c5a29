#include "sys/users.hpp"

#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using stepbox::sys::passwd_home;

TEST_CASE("root's home is what the user database says", "[sys][users]") {
  const passwd* root = ::getpwuid(0);
  REQUIRE(root != nullptr);
  CHECK(passwd_home(0) == std::string(root->pw_dir));
}

TEST_CASE("a user that nobody knows has no home", "[sys][users]") {
  CHECK_FALSE(passwd_home(3'999'999'999));
}

TEST_CASE("every user of /etc/passwd has the home that stands there", "[sys][users]") {
  ::setpwent();
  int seen = 0;
  while (const passwd* entry = ::getpwent()) {
    const uid_t uid = entry->pw_uid;
    const std::string home = entry->pw_dir;
    INFO(uid);
    if (::getpwuid(uid)->pw_dir == home) CHECK(passwd_home(uid) == home);
    if (++seen == 50) break;
  }
  ::endpwent();
  CHECK(seen > 0);
}
