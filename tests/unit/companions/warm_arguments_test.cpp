#include "companions/warm_arguments.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace stepbox::companions;

namespace {

Result<WarmArguments> arguments_of(std::vector<std::string> words) {
  return read_arguments(words, true, [](const char*) { return std::string(); });
}

}  // namespace

TEST_CASE("the words of stepbox warm are read", "[warm]") {
  CHECK(arguments_of({"list"})->store == "/var/lib/stepbox/warm");
  CHECK(arguments_of({"--store", "/srv/w", "list", "--json"})->store == "/srv/w");
  CHECK(arguments_of({"list", "--json"})->json);
  CHECK(arguments_of({"show", "go", "--generation=1-a", "--files"})->generation == "1-a");
  const auto prune = arguments_of({"prune", "--keep", "2", "--max", "1GiB", "go"});
  REQUIRE(prune);
  CHECK(prune->bounds.keep == 2);
  CHECK(prune->bounds.max_bytes == uint64_t{1} << 30);
  CHECK(prune->operands == std::vector<std::string>{"go"});
  CHECK(arguments_of({"unpack", "-"})->operands == std::vector<std::string>{"-"});
  CHECK(arguments_of({"list", "--help"})->help);
}

TEST_CASE("what stepbox warm does not know is an error with a remedy", "[warm]") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {}, {"lost"}, {"list", "--files"}, {"list", "a", "b"}, {"show"}, {"pack", "go"}, {"save"}, {"--what", "list"}}) {
    CAPTURE(words);
    const auto arguments = arguments_of(words);
    REQUIRE_FALSE(arguments);
    CHECK_FALSE(arguments.error().hint.empty());
  }
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"prune", "--max", "5%"}, {"prune", "--max", "5x"}, {"prune", "--keep", "-1"}, {"prune", "--keep"}, {"prune", "--all=yes"},
           {"--store", "relative", "list"}, {"--store=", "list"}})
    CHECK_FALSE(arguments_of(words));
  CHECK(arguments_of({"lst"}).error().hint.find("list") != std::string::npos);
}
