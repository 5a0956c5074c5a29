// Sandboxes inside the box work where nesting is allowed, and are refused where it is not.
#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {

TEST_CASE("a nested user and network namespace works", "[nesting]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run nested = place.run_step({}, {"unshare", "--net", "--map-root-user", "sh", "-c", "id -u; exit 4"});
  INFO(nested);
  CHECK(nested.code() == 4);
  CHECK(nested.out == "0\n");
}

TEST_CASE("bubblewrap works inside the box", "[nesting]") {
  REQUIRE_HOST(bubblewrap);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run nested = place.run_step({}, {"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
                                         "--unshare-all", "sh", "-c", "echo inside; exit 5"});
  INFO(nested);
  CHECK(nested.code() == 5);
  CHECK(nested.out == "inside\n");
}

TEST_CASE("stepbox works inside stepbox, with its own fresh workspace", "[nesting]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run nested = place.run_step(
      {}, {"sh", "-c",
           "echo outer > /tmp/outer; stepbox run -- sh -c 'test ! -e /tmp/outer && echo inner > /tmp/inner && echo "
           "made > made && exit 6'; code=$?; test -e /tmp/inner && echo leaked; exit $code"});
  INFO(nested);
  CHECK(nested.code() == 6);
  CHECK(nested.out.empty());
  CHECK(read_file(place.checkout() / "made") == "made\n");
}

TEST_CASE("stepbox works in a user namespace whose root is an ordinary user", "[nesting]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string around = GENERATE(
      "unshare -r", "unshare -rm",
      "bwrap --bind / / --dev-bind /dev /dev --proc /proc --unshare-user --unshare-pid --uid 0 --gid 0 --cap-add ALL");
  CAPTURE(caller, around);
  const Place place(caller);
  const Run nested = run(place.command({"/bin/sh", "-c", around + " stepbox run -- sh -c 'echo made > made; exit 8'"}));
  INFO(nested);
  CHECK(nested.code() == 8);
  CHECK(read_file(place.checkout() / "made") == "made\n");
}

TEST_CASE("nesting deny refuses all of them, also to a step that raises the limit", "[nesting]") {
  REQUIRE_HOST(user_namespaces);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string attempt =
      GENERATE("unshare --map-root-user true", "unshare -Urm true", "bwrap --bind / / --unshare-all true",
               "stepbox run -- true", "(echo 1000 > /proc/sys/user/max_user_namespaces) 2>/dev/null; unshare -U true");
  CAPTURE(caller, attempt);
  const Place place(caller);
  const Run nested = place.run_step({"--nesting", "deny"}, {"sh", "-c", attempt});
  INFO(nested);
  CHECK(nested.code() != 0);
  const Run allowed = place.run_step({}, {"sh", "-c", attempt});
  INFO(allowed);
  CHECK(allowed.code() == 0);
}

}  // namespace stepbox::feature
