#include "sys/path_links.hpp"

#include "temp_tree.hpp"

using namespace stepbox;
using namespace stepbox::test;

namespace {

std::string links_of(const std::string& path) {
  const auto links = sys::links_on_the_way(path);
  if (!links) return "error: " + links.error().message;
  std::string text;
  for (const sys::PathLink& link : *links) text += link.path + " -> " + link.text + "\n";
  return text;
}

}  // namespace

TEST_CASE("a path without links has none on the way", "[sys]") {
  const TempTree tree;
  tree.file("a/b");
  CHECK(links_of(tree / "a/b") == "");
  CHECK(links_of("/") == "");
}

TEST_CASE("the links of a path are told in the order in which they are followed", "[sys]") {
  const TempTree tree;
  tree.file("go-1.22/bin/go");
  tree.link("go-1.22", "go");
  tree.link(tree / "go/../go/bin", "bin");
  CHECK(links_of(tree / "bin/go") == tree / "bin" + " -> " + (tree / "go/../go/bin") + "\n" + (tree / "go") + " -> go-1.22\n" + (tree / "go") +
                                         " -> go-1.22\n");
}

TEST_CASE("what is behind a name that is not there has no links, and a loop is an error", "[sys]") {
  const TempTree tree;
  tree.file("file");
  tree.link("nowhere/x", "dangling");
  tree.link("loop", "loop");
  CHECK(links_of(tree / "dangling/y") == tree / "dangling" + " -> nowhere/x\n");
  CHECK(links_of(tree / "file/y") == "");
  CHECK(links_of(tree / "loop").starts_with("error: cannot look at "));
}
