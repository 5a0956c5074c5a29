// Whatever the bytes, parse() answers: with a tree or with an error that names the place.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "yaml/yaml_reader.hpp"

using stepbox::yaml::parse;

namespace {

constexpr std::string_view kSample = R"(# a policy
version: 1
extends: [go, "strict"]
workspace:
  size: 8GiB
  volumes:
    cache: {size: 4GiB, inodes: 200k}
source: {mode: ro, path: '/src'}
environment:
  set: {CI: "true\t\x41"}
  keep: |
    BLOCK
  folded: >-
    a
    b
filesystem:
  ro:
  - /srv/sdk
  - ? key
    : value
...
)";

constexpr std::string_view kSpice = "[]{}:,-?&*!|>'\"%@`#~ \n\t\\<=.0aA\x04\x00\xff\xc3\xa9";

void check_answer(const std::string& text) {
  const auto node = parse(text, "p.yaml");
  if (!node && !node.error().message.starts_with("p.yaml")) FAIL(text << "\n" << node.error().message);
}

}  // namespace

TEST_CASE("every truncation of a policy gets an answer", "[yaml][garbage]") {
  for (size_t length = 0; length <= kSample.size(); ++length) check_answer(std::string(kSample.substr(0, length)));
}

TEST_CASE("every policy with one byte exchanged gets an answer", "[yaml][garbage]") {
  for (size_t at = 0; at < kSample.size(); ++at) {
    for (const char c : kSpice) {
      std::string text(kSample);
      text[at] = c;
      check_answer(text);
    }
  }
}

TEST_CASE("random mutations and random text get an answer", "[yaml][garbage]") {
  std::mt19937 random(4711);  // NOLINT: the same inputs on every run
  const auto below = [&random](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (int round = 0; round < 4000; ++round) {
    std::string text(round % 2 == 0 ? kSample : std::string_view());
    const size_t changes = 1 + below(round % 2 == 0 ? 12 : 60);
    for (size_t i = 0; i < changes; ++i) {
      const size_t at = below(text.size() + 1);
      if (below(4) == 0 && !text.empty())
        text.erase(at, below(8));
      else
        text.insert(at, 1, kSpice[below(kSpice.size())]);
    }
    check_answer(text);
  }
}
