// Unusual inputs pass unchanged, or end in one clear error.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

std::string shown(const std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex = std::to_string(text.size()) + " ";
  for (size_t i = 0; i < text.size() && i < 64; ++i) {
    hex += kDigits[static_cast<unsigned char>(text[i]) >> 4];
    hex += kDigits[static_cast<unsigned char>(text[i]) & 15];
  }
  return hex;
}

std::vector<std::string> odd_texts() {
  return {"",
          " ",
          "new\nline",
          "quote'\"`$(id)",
          "back\\slash\t\r",
          "\xff\xfe invalid \xc3\x28 utf-8",
          "\x1b[31mescape",
          "--size",
          "--",
          std::string(4096, 'a'),
          std::string(131'071, 'x')};  // MAX_ARG_STRLEN is 131072 with its NUL
}

}  // namespace

TEST_CASE("an argument reaches the step unchanged", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string text = GENERATE(from_range(odd_texts()));
  CAPTURE(caller, shown(text));
  const Place place(caller);
  const Run ran = place.run_step({}, {"show_arguments", text, "last"});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(value_of(ran.out, "argc") == "3");
  CHECK(ran.out.find("arg " + shown(text) + "\n") != std::string::npos);
  CHECK_FALSE(place.report().is_null());
}

TEST_CASE("a variable's value reaches the step unchanged, inherited or set", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  std::string text = GENERATE(from_range(odd_texts()));
  const bool inherited = GENERATE(true, false);
  text = text.substr(0, 131'071 - 4);  // "ODD=" counts
  CAPTURE(caller, inherited, shown(text));
  const Place place(caller);
  Command step = place.step(inherited ? std::vector<std::string>{} : std::vector<std::string>{"--env", "ODD=" + text},
                            {"show_arguments"});
  if (inherited) step.environment.push_back("ODD=" + text);
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out.find("env " + shown("ODD=" + text) + "\n") != std::string::npos);
  // Values never appear in the report.
  if (text.size() > 8) CHECK(read_file(place.report_file()).find(text.substr(0, 200)) == std::string::npos);
}

TEST_CASE("a directory and a command with an odd name work", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string name =
      GENERATE("with space", "new\nline", "quote'\"", "back\\slash", "\xff\xfe", "-dash", "--", "caf\xc3\xa9", "%s%n");
  CAPTURE(caller, shown(name));
  const Place place(caller);
  const fs::path odd = place.make_directory(place.root() / name);
  place.make_file(odd / name, "#!/bin/sh\necho ran \"$PWD\"; echo made > result\n", 0755);
  Command step = place.step({}, {"./" + name});
  step.cwd = odd;
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "ran " + odd.string() + "\n");
  CHECK(read_file(odd / "result") == "made\n");
  CHECK_FALSE(place.report().is_null());
}

TEST_CASE("an error about an odd name stays on one line and sends no control bytes to the terminal", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run refused = place.run_step({}, {"no\nsuch\x1b[31m\xff-command"});
  INFO(refused);
  CHECK(refused.code() == 127);
  CHECK(lines_of(refused.err).size() <= 2);
  CHECK(refused.err.find('\x1b') == std::string::npos);
}

TEST_CASE("a deleted current directory is one clear error", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path gone = place.make_directory(place.root() / "gone");
  Command step = place.step({}, {"sh", "-c", "echo ran"});
  step.cwd = gone;
  step.as_caller = [gone] { in_child::must(::rmdir(gone.c_str()) == 0, "rmdir"); };
  const Run refused = run(step);
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("deleted") != std::string::npos);
}

TEST_CASE("a current directory that only its owner may enter works", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.checkout(), 0700);
  const Run ran = place.run_step({}, {"sh", "-c", "echo made > result; stat -c %a ."});
  INFO(ran);
  CHECK(ran.out == "700\n");
  CHECK(read_file(place.checkout() / "result") == "made\n");
}

TEST_CASE("the umask is the step's own, and does not change the box", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  const mode_t mask = GENERATE(0000, 0022, 0027, 0077, 0777);
  CAPTURE(caller, mask);
  const Place place(caller);
  Command step = place.step(
      {},
      {"sh", "-c",
       "umask; stat -c %a /tmp /var/tmp /dev/shm; : > made; mkdir made-directory; echo x > /tmp/x; ls / >/dev/null"});
  step.as_caller = [mask] { ::umask(mask); };
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  char wanted[8];
  std::snprintf(wanted, sizeof wanted, "%04o", mask);
  CHECK(ran.out == std::string(wanted) + "\n1777\n1777\n1777\n");
  struct stat status {};
  REQUIRE(::stat((place.checkout() / "made").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == (0666 & ~mask));
  REQUIRE(::stat((place.checkout() / "made-directory").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == (0777 & ~mask));
}

TEST_CASE("HOME may be unset, empty, relative, missing or the root directory", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string home = GENERATE("", "HOME=", "HOME=relative/home", "HOME=/no/such/home", "HOME=/", "HOME=/etc",
                                    "HOME=/tmp", "HOME=/proc/self");
  CAPTURE(caller, home);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "echo $HOME; echo kept > $HOME/x && cat $HOME/x"});
  std::erase_if(step.environment, [](const std::string& entry) { return entry.starts_with("HOME="); });
  if (!home.empty()) step.environment.push_back(home);
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "/box/home\nkept\n");
}

TEST_CASE("a TMPDIR of 200 characters does no harm", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"sh", "-c", "echo $TMPDIR; mktemp"});
  step.environment.push_back("TMPDIR=/" + std::string(199, 't'));
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out.find("ttt") == std::string::npos);
}

TEST_CASE("an empty environment and an absolute path work", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"/bin/sh", "-c", "exit 3"});
  step.environment.clear();
  CHECK(run(step).code() == 3);
  Command by_name = place.step({}, {"sh", "-c", "exit 4"});
  by_name.environment.clear();
  CHECK(run(by_name).code() == 4);
}

TEST_CASE("--clear-env=false undoes --clear-env", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto seen = [&](const std::vector<std::string>& options) {
    Command step = place.step(options, {"sh", "-c", "echo \"<$ODD>\""});
    step.environment.emplace_back("ODD=there");
    return run(step).out;
  };
  CHECK(seen({"--clear-env"}) == "<>\n");
  CHECK(seen({"--clear-env", "--clear-env=false"}) == "<there>\n");
}

TEST_CASE("stepbox survives odd entries in the environment", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  Command step = place.step({}, {"show_arguments"});
  for (const char* entry : {"=C:=C:\\x", "no-equals-sign", "TWICE=1", "TWICE=2", "=", ""})
    step.environment.emplace_back(entry);
  const Run ran = run(step);
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out.find("env " + shown("=C:=C:\\x")) != std::string::npos);
  CHECK(ran.out.find("env " + shown("TWICE=2")) != std::string::npos);
}

TEST_CASE("an empty command is not found", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({}, {""});
  INFO(ran);
  CHECK(ran.code() == 127);
}

TEST_CASE("five thousand variables and arguments arrive", "[odd-inputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  std::vector<std::string> argv = {"show_arguments"};
  for (int i = 0; i < 5000; ++i) argv.push_back(std::to_string(i));
  Command step = place.step({}, argv);
  for (int i = 0; i < 5000; ++i) step.environment.push_back("V" + std::to_string(i) + "=" + std::to_string(i));
  const Run ran = run(step);
  CHECK(ran.code() == 0);
  CHECK(value_of(ran.out, "argc") == "5001");
  CHECK(ran.out.find("env " + shown("V4999=4999")) != std::string::npos);
}

}  // namespace stepbox::feature
