#include "sys/users.hpp"

#include <pwd.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using stepbox::sys::passwd_home;

TEST_CASE("root's home is what the user database says", "[sys][users]") {
  const passwd* root = ::getpwuid(0);
  REQUIRE(root != nullptr);
  CHECK(passwd_home(0).value() == std::string(root->pw_dir));
}

TEST_CASE("a user that nobody knows has no home", "[sys][users]") {
  CHECK(passwd_home(3'999'999'999).value() == std::nullopt);
}

TEST_CASE("the home is the sixth field of the user's first line", "[sys][users]") {
  using stepbox::sys::home_in_passwd;
  constexpr const char* kText =
      "# bob:x:1000:1000::/comment:/bin/sh\n+@netgroup::::::\n-bob::1000:::/nis:\nroot:x:0:0:root:/root:/bin/bash\n\n"
      "short:x:1000\nodd:x:1000x:1:c:/odd:/bin/sh\nbob:x:1000:1000:Bob:/home/bob:/bin/sh\nbob2:x:1000:1:c:/other:/bin/sh\n"
      "none:x:7:7:::/bin/false\nlast:x:8:8:c:/last:/bin/sh";
  CHECK(home_in_passwd(kText, 0) == "/root");
  CHECK(home_in_passwd(kText, 1000) == "/home/bob");
  CHECK(home_in_passwd(kText, 7) == "");
  CHECK(home_in_passwd(kText, 8) == "/last");
  CHECK_FALSE(home_in_passwd(kText, 9));
  CHECK_FALSE(home_in_passwd("", 0));
}

TEST_CASE("a line of any length is a user's line", "[sys][users]") {
  const std::string text = "bob:x:1000:1000:" + std::string(100'000, 'b') + ":/home/bob:/bin/sh\n";
  CHECK(stepbox::sys::home_in_passwd(text, 1000) == "/home/bob");
}

TEST_CASE("every user of /etc/passwd has the home that stands there", "[sys][users]") {
  ::setpwent();
  int seen = 0;
  while (const passwd* entry = ::getpwent()) {
    const uid_t uid = entry->pw_uid;
    const std::string home = entry->pw_dir;
    INFO(uid);
    if (::getpwuid(uid)->pw_dir == home) CHECK(passwd_home(uid).value() == home);
    if (++seen == 50) break;
  }
  ::endpwent();
  CHECK(seen > 0);
}
