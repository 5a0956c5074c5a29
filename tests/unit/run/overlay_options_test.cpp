#include "run/overlay_options.hpp"

#include <catch2/catch.hpp>

using namespace stepbox::run;

namespace {

const auto kNever = [](std::string_view) { return false; };
const auto kAlways = [](std::string_view) { return true; };

}  // namespace

TEST_CASE("an option counts as granted if it is listed, or is the module's default", "[run][warm]") {
  CHECK(missing_option("rw,lowerdir=lower0,redirect_dir=on,index=on,metacopy=on", kNever).empty());
  CHECK(missing_option("rw,lowerdir=lower0,upperdir=upper", kAlways).empty());
  CHECK(missing_option("rw,lowerdir=lower0,upperdir=upper", kNever) == "metacopy");
  CHECK(missing_option("rw,metacopy=on", kNever) == "index");
  // What the kernel turned off is listed where it is on by default.
  CHECK(missing_option("rw,metacopy=on,index=off", kAlways) == "index");
  CHECK(missing_option("rw,index=on,userxattr", kNever) == "metacopy");
  CHECK(missing_option("", kNever) == "metacopy");
}
