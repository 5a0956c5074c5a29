#include "warm/store.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace stepbox;
using namespace stepbox::warm;

namespace {

Result<std::string> path_for(bool is_root, std::map<std::string, std::string> environment) {
  return store_path(is_root, [environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  });
}

}  // namespace

TEST_CASE("the store is where the caller's data is", "[warm]") {
  CHECK(path_for(true, {{"HOME", "/root"}, {"XDG_DATA_HOME", "/d"}}) == "/var/lib/stepbox/warm");
  CHECK(path_for(false, {{"HOME", "/home/u"}, {"XDG_DATA_HOME", "/d"}}) == "/d/stepbox/warm");
  CHECK(path_for(false, {{"HOME", "/home/u"}}) == "/home/u/.local/share/stepbox/warm");
  CHECK(path_for(false, {{"HOME", "/home/u"}, {"XDG_DATA_HOME", "relative"}}) == "/home/u/.local/share/stepbox/warm");
  CHECK(path_for(true, {{"STEPBOX_WARM_STORE", "/srv//warm/"}}) == "/srv/warm");
  CHECK(path_for(false, {{"STEPBOX_WARM_STORE", "/srv/warm"}}) == "/srv/warm");
}

TEST_CASE("a store without a place is an error with a remedy", "[warm]") {
  for (const auto& environment : std::vector<std::map<std::string, std::string>>{
           {}, {{"HOME", "relative"}}, {{"HOME", "/h"}, {"STEPBOX_WARM_STORE", "relative"}}}) {
    const auto path = path_for(false, environment);
    REQUIRE_FALSE(path);
    CHECK_FALSE(path.error().hint.empty());
  }
}

TEST_CASE("the name of a warm cache is one plain name", "[warm]") {
  for (const char* name : {"go", "my-tool", "a.b_c", "0"}) CHECK(is_warm_name(name));
  for (const char* name : {"", ".", "..", "a/b", "-a", ".a", "A", "a b", "a\n"}) CHECK_FALSE(is_warm_name(name));
  CHECK(is_warm_name(std::string(64, 'a')));
  CHECK_FALSE(is_warm_name(std::string(65, 'a')));
}
