// Whatever stands in a policy, resolve() answers: with a policy or with an error that names the file.
#include <random>

#include "base/text.hpp"
#include "policy/document.hpp"
#include "policy/settings.hpp"
#include "policy_fixture.hpp"

using namespace stepbox;
using namespace stepbox::policy;

namespace {

constexpr std::string_view kSample = R"(version: 1
extends: [go]
workspace:
  size: 7GiB
  inodes: 10k
  volumes:
    cache: {size: 1GiB, inodes: 2k}
    tmp:   {size: 50%}
source: {mode: ro, path: /src}
root: ro
home: fresh
environment:
  set: {CI: "true", N: 1}
  unset: [AWS_PROFILE]
  clear: false
  keep: [LC_*]
  redirect: {MYTOOL_CACHE: cache/mytool}
filesystem: {ro: [/srv/sdk], rw: [~/x], hide: [/srv/secrets]}
network: loopback
nesting: deny
require: [quota, pid-isolation]
)";

constexpr std::string_view kWords[] = {
    "~",  "[", "]", "{",  "}",  ": ", ", ", "- ", "\n",   "'",    "\"",   "..",   "/",  "=",  "%", "0",     "1M",
    "-1", "*", "?", "&a", "!x", "<<", "|",  "\t", "\x01", "\xff", "true", "none", "rw", "go", "#", "cache", "size"};

// Reads as an operator's and as a stranger's file, without touching the disk.
void check_answer(const std::string& text) {
  for (const Layer layer : {Layer::site, Layer::project}) {
    const auto document = read_document(text, layer, "p.yaml");
    if (!document) {
      if (!document.error().message.starts_with("p.yaml:")) FAIL(text << "\n" << document.error().message);
      continue;
    }
    for (const Mistake& mistake : document->mistakes) {
      const std::string& message = mistake.error.message;
      if (!message.starts_with("p.yaml:") || message.contains('\n')) FAIL(text << "\n" << message);
    }
    Policy policy;
    for (const Setting& setting : document->settings)
      if (!apply_setting(policy, setting)) FAIL(text << "\n" << setting.key);
  }
}

}  // namespace

TEST_CASE("the sample is a valid policy", "[policy][garbage]") {
  const auto document = read_document(kSample, Layer::site, "p.yaml");
  REQUIRE(document);
  CHECK(document->mistakes.empty());
  Policy policy;
  for (const Setting& setting : document->settings) CHECK(apply_setting(policy, setting));
}

TEST_CASE("every truncation of a policy gets an answer in one line", "[policy][garbage]") {
  for (size_t length = 0; length <= kSample.size(); ++length) check_answer(std::string(kSample.substr(0, length)));
}

TEST_CASE("policies with words thrown in get an answer in one line", "[policy][garbage]") {
  std::mt19937 random(1999);  // NOLINT: the same inputs on every run
  const auto below = [&random](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (int round = 0; round < 3000; ++round) {
    std::string text(kSample);
    for (size_t changes = 1 + below(3); changes > 0; --changes) {
      const size_t at = below(text.size());
      const std::string_view word = kWords[below(std::size(kWords))];
      if (below(2) == 0)
        text.replace(at, below(6), word);
      else
        text.insert(at, word);
    }
    check_answer(text);
  }
}

TEST_CASE("a stranger's file of any bytes cannot bring resolve down", "[policy][garbage]") {
  std::mt19937 random(7);  // NOLINT: the same inputs on every run
  PolicyFixture fixture;
  for (int round = 0; round < 200; ++round) {
    std::string text(kSample);
    for (int changes = 0; changes < 3; ++changes) text[random() % text.size()] = static_cast<char>(random());
    fixture.write("checkout/.stepbox.yaml", text);
    const auto policy = resolve(fixture.request);
    if (policy) continue;
    for (const std::string_view line : split(policy.error().message, '\n'))
      CHECK(line.starts_with(line.starts_with(' ') ? "  " : fixture.root() + "/checkout/.stepbox.yaml"));
  }
}
