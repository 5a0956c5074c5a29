#include "warm/seal.hpp"

#include <fcntl.h>

#include <cerrno>
#include <charconv>

#include "base/text.hpp"
#include "warm/lines.hpp"

namespace stepbox::warm {
namespace {

constexpr std::string_view kHeading = "stepbox-warm-seal 1";

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

std::string mark_text(const Mark& mark) {
  return std::to_string(static_cast<int64_t>(mark.inode)) + " " + std::to_string(mark.size) + " " + std::to_string(mark.modified) + " " +
         std::to_string(mark.status_changed) + " " + mark.path;
}

Result<Mark> mark_of_text(const std::string& text) {
  int64_t numbers[4] = {};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int64_t& number : numbers) {
    const auto [behind, error] = std::from_chars(at, end, number);
    if (error != std::errc() || behind == end || *behind != ' ') return fail("not a mark: " + quoted(text));
    at = behind + 1;
  }
  return Mark{std::string(at, end), static_cast<uint64_t>(numbers[0]), static_cast<uint64_t>(numbers[1]), numbers[2], numbers[3]};
}

Result<std::chrono::sys_seconds> time_of(std::string_view text) {
  TRY_ASSIGN(const uint64_t seconds, number_of(text));
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<int64_t>(seconds)));
}

std::string seconds_text(std::chrono::sys_seconds time) { return std::to_string(time.time_since_epoch().count()); }

}  // namespace

Mark mark_of(std::string path, const struct stat& status) {
  return {std::move(path), status.st_ino, S_ISDIR(status.st_mode) ? 0 : static_cast<uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

void put_generation(LineWriter& lines, const WarmGeneration& generation) {
  lines.put("name", generation.name);
  lines.put("id", generation.id);
  lines.put("digest", generation.digest);
  lines.put_if("key", generation.key);
  lines.put("bytes", generation.bytes);
  lines.put("files", generation.files);
  lines.put("saved", seconds_text(generation.saved));
  lines.put("line", generation.line);
  lines.put("began", seconds_text(generation.began));
}

Result<bool> take_generation(const Line& line, WarmGeneration& generation) {
  std::string* text = line.key == "name"     ? &generation.name
                      : line.key == "id"     ? &generation.id
                      : line.key == "digest" ? &generation.digest
                      : line.key == "key"    ? &generation.key
                      : line.key == "line"   ? &generation.line
                                             : nullptr;
  if (text != nullptr) {
    *text = line.value;
    return true;
  }
  if (line.key == "saved" || line.key == "began") {
    TRY_ASSIGN((line.key == "saved" ? generation.saved : generation.began), time_of(line.value));
    return true;
  }
  if (line.key == "bytes" || line.key == "files") {
    TRY_ASSIGN((line.key == "bytes" ? generation.bytes : generation.files), number_of(line.value));
    return true;
  }
  return false;
}

std::string to_text(const Seal& seal) {
  LineWriter lines(kHeading);
  put_generation(lines, seal.generation);
  lines.put("manifest-digest", seal.manifest_digest);
  for (const Mark& mark : seal.marks) lines.put("mark", mark_text(mark));
  return std::move(lines).take();
}

Result<Seal> seal_of_text(std::string_view text) {
  TRY_ASSIGN(const std::vector<Line> lines, read_lines(text, kHeading));
  Seal seal;
  for (const Line& line : lines) {
    TRY_ASSIGN(const bool is_known, take_generation(line, seal.generation));
    if (is_known) continue;
    if (line.key == "manifest-digest") {
      seal.manifest_digest = line.value;
    } else if (line.key == "mark") {
      TRY_ASSIGN(Mark mark, mark_of_text(line.value));
      seal.marks.push_back(std::move(mark));
    } else {
      return fail("unknown line " + quoted(line.key));
    }
  }
  if (seal.generation.id.empty() || seal.manifest_digest.empty() || seal.marks.size() < 2) return fail("it is not whole");
  return seal;
}

Result<std::vector<Mark>> take_marks(int directory, const std::vector<std::string>& top_directories) {
  std::vector<std::string> paths = {"manifest", "tree"};
  for (const std::string& path : top_directories) paths.push_back("tree/" + path);
  std::vector<Mark> marks;
  for (std::string& path : paths) {
    struct stat status {};
    if (::fstatat(directory, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno("cannot look at " + quoted(path) + " of the generation", errno);
    marks.push_back(mark_of(std::move(path), status));
  }
  return marks;
}

std::string what_changed(int directory, const std::vector<Mark>& marks) {
  for (const Mark& mark : marks) {
    struct stat status {};
    if (::fstatat(directory, mark.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return "its " + quoted(mark.path) + " cannot be looked at (" + errno_name(errno) + ")";
    if (mark_of(mark.path, status) != mark) return "its " + quoted(mark.path) + " was changed";
  }
  return {};
}

}  // namespace stepbox::warm
