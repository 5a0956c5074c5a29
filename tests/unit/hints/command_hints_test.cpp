#include "hints/command_hints.hpp"

#include <catch2/catch.hpp>

using namespace stepbox;

TEST_CASE("only words without operators can do without their quotes", "[failure-hints]") {
  const std::string beginning = "the command is one word with blanks in it: ";
  CHECK(hints::quoting_hint("make test") == beginning + "leave out the quotes around it: make test");
  CHECK(hints::quoting_hint("make && make test") == beginning + "have a shell split it: sh -c 'make && make test'");
  for (const char* word : {"a | tee x", "FOO=1 make", "ls *.c", "a; b", "a > b", "echo $HOME", "echo \"a b\"", "a `b`", "cd ~ x"}) {
    CAPTURE(word);
    CHECK(hints::quoting_hint(word).find("sh -c '") != std::string::npos);
    CHECK(hints::quoting_hint(word).find("leave out") == std::string::npos);
  }
  CHECK(hints::quoting_hint("echo it's & x").ends_with(R"(sh -c 'echo it'\''s & x')"));
  CHECK(hints::quoting_hint("make").empty());
}

TEST_CASE("a missing interpreter has a remedy without a word about the host", "[failure-hints]") {
  CHECK(hints::interpreter_hint("/root/.secret/key").find("/root") == std::string::npos);
  CHECK(hints::interpreter_hint("/bin/sh\r").find("carriage return") != std::string::npos);
}
