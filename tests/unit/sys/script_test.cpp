#include "sys/script.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "sys/temp_tree.hpp"

using namespace stepbox;

TEST_CASE("a script's interpreter is what its first line names", "[sys]") {
  const test::TempTree tree;
  const auto interpreter = [&tree](std::string_view text) {
    std::ofstream(tree / "script", std::ios::binary) << text;
    return sys::interpreter_of(tree / "script").value_or("none");
  };
  CHECK(interpreter("#!/bin/sh\ntrue\n") == "/bin/sh");
  CHECK(interpreter("#!/usr/bin/env python3\n") == "/usr/bin/env");
  CHECK(interpreter("#! \t/bin/sh -e") == "/bin/sh");
  CHECK(interpreter("#!/bin/sh\r\ntrue\r\n") == "/bin/sh\r");
  CHECK(interpreter("#!python\n") == "python");
  CHECK(interpreter("#!\n/bin/sh") == "none");
  CHECK(interpreter("# !/bin/sh\n") == "none");
  CHECK(interpreter("\x7f" "ELF") == "none");
  CHECK(interpreter("") == "none");
  CHECK(interpreter("#!") == "none");
  CHECK(interpreter("#!/" + std::string(1000, 'x')).size() == 254);
}

TEST_CASE("what is no file has no interpreter, and nobody waits for one", "[sys]") {
  const test::TempTree tree;
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0600) == 0);
  CHECK_FALSE(sys::interpreter_of((tree / "fifo")));
  CHECK_FALSE(sys::interpreter_of(tree.path()));
  CHECK_FALSE(sys::interpreter_of(tree / "absent"));
}
