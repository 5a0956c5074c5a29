// The world of one case: a checkout, a home and a place for the report, all below a folder that is removed at the end;
// and the stepbox under test with the hostile steps on PATH.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.hpp"

namespace stepbox::feature {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// The folder of this suite, made at the first use and removed by remove_suite_folder(). Its `bin` holds copies of
// stepbox and the steps, since not every user may be able to read the build tree.
const fs::path& suite_folder();
void remove_suite_folder();
// A part of every name that the suite makes elsewhere. Random, because process numbers repeat in suites with pid
// namespaces of their own.
std::string suite_word();
fs::path program(std::string_view name);

class Place {
 public:
  explicit Place(Caller caller);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place();

  Caller caller() const { return caller_; }
  const fs::path& root() const { return root_; }
  fs::path checkout() const { return root_ / "checkout"; }
  fs::path home() const { return root_ / "home"; }
  fs::path report_file() const { return root_ / "out/report.json"; }
  // In the environment of every program that starts here.
  const std::string& mark() const { return mark_; }

  // Makes a directory or file that belongs to the caller.
  fs::path make_directory(const fs::path& path, mode_t mode = 0755) const;
  fs::path make_file(const fs::path& path, std::string_view text, mode_t mode = 0644) const;

  // Any program, run as the caller in the checkout.
  Command command(std::vector<std::string> argv) const;
  // `stepbox run --report ... OPTIONS -- ARGV`.
  Command step(std::vector<std::string> options, std::vector<std::string> argv) const;
  Run run_step(std::vector<std::string> options, std::vector<std::string> argv) const;

  // Null where stepbox wrote none.
  Json report() const;

 private:
  Caller caller_;
  fs::path root_;
  std::string mark_;
};

std::string verdict_of(const Json& report);
// The record of usage.volumes with that name; null where there is none.
Json volume_of(const Json& report, std::string_view name);

// A refusal is 125, one message with its cause, a hint, and nothing on stdout. Empty if the run was one, else what is
// wrong.
std::string what_is_wrong_with_refusal(const Run& run);

std::string read_file(const fs::path& path);
void write_file(const fs::path& path, std::string_view text);
std::vector<std::string> lines_of(std::string_view text);
// The text after "KEY " in the first line that starts with it.
std::string value_of(std::string_view text, std::string_view key);

}  // namespace stepbox::feature
