#include <catch2/catch.hpp>

#include "model/output_pattern.hpp"

using namespace stepbox;

namespace {

OutputPattern pattern(std::string_view text) {
  auto parsed = parse_output_pattern(text);
  REQUIRE(parsed);
  return std::move(*parsed);
}

bool takes(std::string_view text, std::string_view path) { return stepbox::takes(pattern(text), path); }

std::string refusal(std::string_view text) {
  const auto parsed = parse_output_pattern(text);
  return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("A pattern without wildcards takes the entry of that name with everything below it", "[output-pattern]") {
  CHECK(takes("dist", "dist"));
  CHECK(takes("dist", "dist/a/b"));
  CHECK(takes("./dist//", "dist/a"));
  CHECK_FALSE(takes("dist", "dist2"));
  CHECK_FALSE(takes("dist", "a/dist"));
  CHECK_FALSE(takes("a/dist", "a"));
}

TEST_CASE("* and ? stay within one name", "[output-pattern]") {
  CHECK(takes("*.whl", "a.whl"));
  CHECK(takes("*.whl", ".whl"));
  CHECK_FALSE(takes("*.whl", "a.whl.asc"));
  CHECK_FALSE(takes("*.whl", "dir/a.whl"));
  CHECK(takes("*", ".hidden"));
  CHECK(takes("a*b*c", "aXbYbZc"));
  CHECK_FALSE(takes("a*b*c", "aXbYbZ"));
  CHECK(takes("target/*/app", "target/release/app"));
  CHECK_FALSE(takes("target/*/app", "target/x86/release/app"));
  CHECK(takes("lib?.so", "liba.so"));
  CHECK_FALSE(takes("lib?.so", "lib.so"));
  CHECK_FALSE(takes("lib?.so", "libab.so"));
  // One character, however many bytes; a byte that is no character counts as one.
  CHECK(takes("?", "\xc3\xa9"));
  CHECK(takes("?", "\xff"));
  CHECK_FALSE(takes("?", "ab"));
}

TEST_CASE("** stands for any number of directories", "[output-pattern]") {
  CHECK(takes("**/*.xml", "a.xml"));
  CHECK(takes("**/*.xml", "a/b/c.xml"));
  CHECK_FALSE(takes("**/*.xml", "a/b/c.txt"));
  CHECK(takes("a/**/z", "a/z"));
  CHECK(takes("a/**/z", "a/b/c/z/deep"));
  CHECK_FALSE(takes("a/**/z", "a/b/c"));
  CHECK(takes("a/**/b/**/c", "a/1/b/2/3/c"));
  CHECK(takes("dist/**", "dist"));
  CHECK(takes("dist/**", "dist/a/b"));
  CHECK_FALSE(takes("dist/**", "other"));
  CHECK(takes("**", "anything/at/all"));
  // Elsewhere in a name, two stars are one.
  CHECK(takes("a**b", "axb"));
  CHECK_FALSE(takes("a**b", "a/b"));
}

TEST_CASE("A backslash makes the next character an ordinary one", "[output-pattern]") {
  CHECK(takes("a\\*b", "a*b"));
  CHECK_FALSE(takes("a\\*b", "axb"));
  CHECK(takes("a\\?", "a?"));
  CHECK(takes("a\\\\b", "a\\b"));
  CHECK(takes("a\\", "a\\"));
  CHECK(takes("line\nbreak", "line\nbreak"));
}

TEST_CASE("Wildcards and whole directories leave out what belongs to version control and the project's policy", "[output-pattern]") {
  CHECK_FALSE(takes("**", ".git"));
  CHECK_FALSE(takes("**", ".git/config"));
  CHECK_FALSE(takes("**", "vendor/x/.git/config"));
  CHECK_FALSE(takes("*", ".git"));
  CHECK_FALSE(takes(".g*", ".git"));
  CHECK_FALSE(takes("**/config", ".git/config"));
  CHECK_FALSE(takes("dist", "dist/.hg/x"));
  CHECK_FALSE(takes("**", ".stepbox.yaml"));
  CHECK(takes("**", ".github/workflows/x"));
  CHECK(takes(".git/config", ".git/config"));
  CHECK(takes("**/.git", "a/.git"));
  CHECK(names_guarded(pattern(".git/config")));
  CHECK(names_guarded(pattern("a/\\.git")));
  CHECK_FALSE(names_guarded(pattern("**")));
  CHECK_FALSE(names_guarded(pattern(".gitignore")));
}

TEST_CASE("A pattern below /box/out belongs to the workspace, and any other is relative to the checkout", "[output-pattern]") {
  CHECK(pattern("bin/app").root == OutputRoot::checkout);
  CHECK(pattern("/box/out/bin").root == OutputRoot::out);
  CHECK(pattern("/box/out/bin").parts == std::vector<std::string>{"bin"});
  CHECK(takes("/box/out", "whatever"));
  CHECK(takes("/box/out/**", "a/b"));
  CHECK(refusal("/box/output/x") == "'/box/output/x' is neither relative to the checkout nor below /box/out");
  CHECK(refusal("/etc/shadow") == "'/etc/shadow' is neither relative to the checkout nor below /box/out");
}

TEST_CASE("A pattern that could lead out, or that says nothing, is refused", "[output-pattern]") {
  CHECK(refusal("") == "a pattern cannot be empty");
  CHECK(refusal("../x") == "'../x' leaves the checkout with '..'");
  CHECK(refusal("a/../../x") == "'a/../../x' leaves the checkout with '..'");
  CHECK(refusal("/box/out/../home") == "'/box/out/../home' leaves the directory /box/out with '..'");
  CHECK(refusal(std::string_view("a\0b", 3)) == "a pattern cannot hold a NUL byte");
  std::string deep;
  for (int i = 0; i < 64; ++i) deep += "a/";
  CHECK(refusal(deep).ends_with("has more than 63 components"));
}

TEST_CASE("A walk knows which directories cannot hold an output", "[output-pattern]") {
  const OutputPattern wanted = pattern("target/*/app");
  const OutputMatch root(wanted);
  CHECK(root.may_take());
  CHECK_FALSE(root.takes());
  CHECK(root.entered(wanted, "target").may_take());
  CHECK_FALSE(root.entered(wanted, "src").may_take());
  CHECK_FALSE(root.entered(wanted, "target").entered(wanted, "debug").entered(wanted, "deps").may_take());
}

TEST_CASE("A hostile pattern does not take exponential time", "[output-pattern]") {
  std::string stars;
  for (int i = 0; i < 100; ++i) stars += "*a";
  CHECK_FALSE(takes(stars + "b", std::string(255, 'a')));
  std::string directories;
  for (int i = 0; i < 30; ++i) directories += "**/a/";
  std::string path;
  for (int i = 0; i < 500; ++i) path += "a/";
  CHECK_FALSE(takes(directories + "b", path + "c"));
}
