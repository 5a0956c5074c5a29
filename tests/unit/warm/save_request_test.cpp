#include "warm/save_request.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;
using namespace stepbox::warm;

TEST_CASE("a request for a save comes back from its text", "[warm]") {
  SaveRequest request;
  request.store = "/var/lib/a b\nc";
  request.name = "go";
  request.directories = {{"cache/go-build", 3}, {"cache/go mod", 4}};
  request.rules = {{"cache/go-build/* x", WarmMerge::newest, WarmTimes::distant}, {"*", WarmMerge::drop, WarmTimes::kept}};
  request.bounds.max_bytes = 17;
  request.bounds.keep = 2;
  request.bounds.refresh_bytes = 18;
  request.bounds.refresh_age = std::chrono::hours(24);
  request.key = "k";
  request.base = "000001-a";
  request.seen = "000002-b";
  request.origin = {"run", "host", "/checkout", "commit"};
  request.tools = {"go 1.19.8", "gcc 12"};
  request.patience = std::chrono::milliseconds(7);
  const auto read = request_of_text(to_text(request));
  REQUIRE(read);
  CHECK(read->store == request.store);
  CHECK(read->name == request.name);
  REQUIRE(read->directories.size() == 2);
  CHECK(read->directories[1].path == "cache/go mod");
  CHECK(read->directories[1].view == 4);
  CHECK(read->rules == request.rules);
  CHECK(read->bounds == request.bounds);
  CHECK(read->key == request.key);
  CHECK(read->base == request.base);
  CHECK(read->seen == request.seen);
  CHECK(read->origin == request.origin);
  CHECK(read->tools == request.tools);
  CHECK(read->patience == request.patience);
}

TEST_CASE("a request that is cut off or has an unknown line is refused", "[warm]") {
  CHECK_FALSE(request_of_text("stepbox-warm-save 1\nname go"));
  CHECK_FALSE(request_of_text("stepbox-warm-save 1\nnome go\n"));
  CHECK_FALSE(request_of_text("stepbox-warm-save 1\nrule perhaps kept *\n"));
  CHECK_FALSE(request_of_text("stepbox-warm-save 1\nkeep many\n"));
}

TEST_CASE("the result of a save comes back from its text", "[warm]") {
  for (const SavingRow& row : kSavings) {
    SaveResult result;
    result.saving = row.saving;
    result.generation = {.name = "go", .id = "000001-a", .digest = "d", .key = "k", .bytes = 5, .files = 6, .line = "000001-a"};
    result.new_bytes = 1, result.new_files = 2, result.shared_files = 3, result.left_out = 4;
    result.was_merged = true;
    result.sentence = "saved";
    const auto read = result_of_text(to_text(result));
    REQUIRE(read);
    CHECK(read->saving == result.saving);
    CHECK(read->generation == result.generation);
    CHECK(read->new_bytes == 1);
    CHECK(read->new_files == 2);
    CHECK(read->shared_files == 3);
    CHECK(read->left_out == 4);
    CHECK(read->was_merged);
    CHECK(read->sentence == "saved");
  }
}
