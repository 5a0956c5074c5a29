#include "base/page.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;

TEST_CASE("a page has headings, and lines of two columns", "[base]") {
  Page page;
  page.heading("step");
  page.line("command", "make -j8", 12);
  page.line("alone");
  page.heading("files");
  CHECK(std::move(page).take() == "step\n  command   make -j8\n  alone\n\nfiles\n");
}

TEST_CASE("what is too long for a line goes on below, in its column", "[base]") {
  Page page;
  page.line("left", std::string(60, 'a') + " " + std::string(30, 'b') + " c", 8);
  page.line("a long left side", "right", 8);
  CHECK(std::move(page).take() == "  left  " + std::string(60, 'a') + " " + std::string(30, 'b') +
                                      "\n        c\n  a long left side\n        right\n");
}

TEST_CASE("a word longer than the line stays whole", "[base]") {
  Page page;
  page.line("left", "see /" + std::string(200, 'x') + " there", 8);
  CHECK(std::move(page).take() == "  left  see\n        /" + std::string(200, 'x') + "\n        there\n");
}

TEST_CASE("a character takes one column, however many bytes it has", "[base]") {
  Page page;
  std::string right;
  for (int i = 0; i < 92; ++i) right += "é";
  page.line("größe", right, 8);
  CHECK(std::move(page).take() == "  größe " + right + "\n");
}
