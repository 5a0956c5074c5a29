#include "support/place.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace stepbox::feature {
namespace {

fs::path g_folder;

fs::path stepbox_under_test() {
  const char* named = std::getenv("STEPBOX");
  return named != nullptr && named[0] != '\0' ? named : STEPBOX_BINARY;
}

void copy_program(const fs::path& from, const fs::path& to) {
  if (!fs::is_regular_file(from))
    throw std::runtime_error(from.string() + " is not there; set STEPBOX to the path of stepbox");
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  fs::permissions(to, static_cast<fs::perms>(0755));
}

// To where stepbox looks for it: beside its own directory, or in the build tree.
void copy_companion() {
  const fs::path directory = stepbox_under_test().parent_path();
  for (const char* place : {"../libexec/stepbox/stepbox-warm", "../companions/stepbox-warm"}) {
    if (!fs::is_regular_file(directory / place)) continue;
    fs::create_directories(g_folder / "libexec/stepbox");
    for (const char* made : {"libexec", "libexec/stepbox"}) fs::permissions(g_folder / made, static_cast<fs::perms>(0755));
    copy_program(directory / place, g_folder / "libexec/stepbox/stepbox-warm");
    return;
  }
}

std::string random_word() {
  std::ostringstream out;
  out << std::hex << std::random_device{}() << std::random_device{}();
  return out.str();
}

}  // namespace

const fs::path& suite_folder() {
  if (!g_folder.empty()) return g_folder;
  const char* chosen = std::getenv("STEPBOX_TEST_TMP");
  std::string name = std::string(chosen != nullptr ? chosen : "/tmp") + "/stepbox-feature.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
  g_folder = name;
  fs::permissions(g_folder, static_cast<fs::perms>(0755));
  fs::create_directory(g_folder / "bin");
  fs::permissions(g_folder / "bin", static_cast<fs::perms>(0755));
  copy_program(stepbox_under_test(), g_folder / "bin/stepbox");
  copy_companion();
  for (const auto& entry : fs::directory_iterator(STEPBOX_STEPS))
    if (entry.is_regular_file() && ::access(entry.path().c_str(), X_OK) == 0 && !entry.path().has_extension())
      copy_program(entry.path(), g_folder / "bin" / entry.path().filename());
  return g_folder;
}

std::string suite_word() {
  static const std::string word = random_word();
  return word;
}

void remove_suite_folder() {
  std::error_code ignored;
  if (!g_folder.empty()) fs::remove_all(g_folder, ignored);
}

fs::path program(std::string_view name) {
  return suite_folder() / "bin" / name;
}

Place::Place(Caller caller) : caller_(caller), mark_(random_word()) {
  std::string name = suite_folder() / "case.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + name);
  root_ = name;
  fs::permissions(root_, static_cast<fs::perms>(0755));
  if (suite_is_root()) (void)::chown(root_.c_str(), uid_of(caller), gid_of(caller));
  for (const char* below : {"checkout", "home", "out"}) make_directory(root_ / below);
}

Place::~Place() {
  std::error_code ignored;
  // A step with a strange umask makes directories that only root could empty.
  for (auto entry = fs::recursive_directory_iterator(root_, fs::directory_options::skip_permission_denied, ignored);
       entry != fs::recursive_directory_iterator(); entry.increment(ignored))
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored))
      fs::permissions(entry->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  fs::remove_all(root_, ignored);
}

fs::path Place::make_directory(const fs::path& path, mode_t mode) const {
  ::mkdir(path.c_str(), mode);
  ::chmod(path.c_str(), mode);
  if (suite_is_root() && ::chown(path.c_str(), uid_of(caller_), gid_of(caller_)) != 0)
    throw std::runtime_error("chown failed");
  return path;
}

fs::path Place::make_file(const fs::path& path, std::string_view text, mode_t mode) const {
  write_file(path, text);
  ::chmod(path.c_str(), mode);
  if (suite_is_root() && ::chown(path.c_str(), uid_of(caller_), gid_of(caller_)) != 0)
    throw std::runtime_error("chown failed");
  return path;
}

Command Place::command(std::vector<std::string> argv) const {
  Command made;
  made.argv = std::move(argv);
  made.environment = {"PATH=" + (suite_folder() / "bin").string() + ":/usr/bin:/bin:/usr/sbin:/sbin",
                      "HOME=" + home().string(),
                      "LANG=C.UTF-8",
                      "TERM=xterm",
                      "USER=tester",
                      "STEPBOX_TEST_MARK=" + mark_};
  made.cwd = checkout();
  made.caller = caller_;
  return made;
}

Command Place::step(std::vector<std::string> options, std::vector<std::string> argv) const {
  std::vector<std::string> words = {program("stepbox"), "run", "--report", report_file()};
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("--");
  words.insert(words.end(), argv.begin(), argv.end());
  return command(std::move(words));
}

Run Place::run_step(std::vector<std::string> options, std::vector<std::string> argv) const {
  return run(step(std::move(options), std::move(argv)));
}

Json Place::report() const {
  const std::string text = read_file(report_file());
  return text.empty() ? Json() : Json::parse(text);
}

std::string verdict_of(const Json& report) {
  return report.is_null() ? "no report" : report.at("outcome").at("verdict").get<std::string>();
}

Json volume_of(const Json& report, std::string_view name) {
  if (report.is_null()) return {};
  for (const Json& volume : report.at("usage").at("volumes"))
    if (volume.at("name") == name) return volume;
  return {};
}

std::string what_is_wrong_with_refusal(const Run& run) {
  std::ostringstream wrong;
  if (run.code() != 125) wrong << "exit code is not 125; ";
  if (!run.out.empty()) wrong << "something on stdout; ";
  int messages = 0, hints = 0;
  for (const std::string& line : lines_of(run.err)) {
    if (line.starts_with("stepbox:  "))
      continue;  // one line of a sum
    else if (line.starts_with("stepbox: "))
      ++messages;
    else if (line.starts_with("hint: "))
      ++hints;
    else
      wrong << "a stray line on stderr; ";
  }
  if (messages != 1) wrong << messages << " messages instead of one; ";
  if (hints != 1) wrong << hints << " hints instead of one; ";
  if (run.timed_out) wrong << "timed out; ";
  return wrong.str().empty() ? "" : wrong.str() + "stderr: " + run.err;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  // Not by iterators: they throw when a process ends while its /proc file is being read.
  text << in.rdbuf();
  return text.str();
}

void write_file(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string value_of(std::string_view text, std::string_view key) {
  for (const std::string& line : lines_of(text))
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
      return line.substr(key.size() + 1);
  return {};
}

}  // namespace stepbox::feature
