// The world of one case: a checkout, a home and a place for the report, all below a folder that is
// removed at the end; and the stepbox under test with the hostile steps on PATH.
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

// The folder of this suite; made at the first use, removed by remove_suite_folder(). Holds `bin` with copies of
// stepbox and the steps, since the build tree need not be readable for everybody.
const fs::path& suite_folder();
void remove_suite_folder();
// In the names of what the suite makes elsewhere. Random: process numbers repeat in suites with pid namespaces of
// their own.
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
  // In the environment of everything that is started here.
  const std::string& mark() const { return mark_; }

  // A directory or file of the caller's.
  fs::path make_directory(const fs::path& path, mode_t mode = 0755) const;
  fs::path make_file(const fs::path& path, std::string_view text, mode_t mode = 0644) const;

  // Any program as the caller, in the checkout.
  Command command(std::vector<std::string> argv) const;
  // `stepbox run --report ... OPTIONS -- ARGV`.
  Command step(std::vector<std::string> options, std::vector<std::string> argv) const;
  Run run_step(std::vector<std::string> options, std::vector<std::string> argv) const;

  // Null where none was written.
  Json report() const;

 private:
  Caller caller_;
  fs::path root_;
  std::string mark_;
};

std::string verdict_of(const Json& report);
// The record of usage.volumes with that name; null where there is none.
Json volume_of(const Json& report, std::string_view name);

// Refused: 125, one message with its cause, a hint, nothing on stdout. An empty text when so, what is wrong otherwise.
std::string what_is_wrong_with_refusal(const Run& run);

std::string read_file(const fs::path& path);
void write_file(const fs::path& path, std::string_view text);
std::vector<std::string> lines_of(std::string_view text);
// The text behind "KEY " of the first line that begins so.
std::string value_of(std::string_view text, std::string_view key);

}  // namespace stepbox::feature
