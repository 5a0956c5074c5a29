#include "host/checkout_commit.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "sys/fd.hpp"
#include "sys/open_no_links.hpp"

namespace stepbox::host {
namespace {

constexpr size_t kMostBytes = 1 << 20;  // of packed-refs, which has some 60 for each branch and tag

// The beginning of a regular file below the directory; empty if there is none.
std::string beginning_of(int directory, const std::string& path) {
  const sys::Fd place(sys::open_no_links(directory, path.c_str()));
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const sys::Fd file(::open(("/proc/self/fd/" + std::to_string(place.get())).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file) return {};
  std::string text(std::min<size_t>(static_cast<size_t>(status.st_size), kMostBytes), '\0');
  const ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return text;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

// SHA-1 or SHA-256 (gitformat-pack(5)).
bool is_commit(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, is_digit);
}

bool is_reference(std::string_view name) {
  const auto is_odd = [](std::string_view part) { return part.empty() || part == "." || part == ".."; };
  return name.starts_with("refs/") && std::ranges::none_of(split(name, '/'), is_odd);
}

std::string packed(int directory, std::string_view reference) {
  const std::string text = beginning_of(directory, ".git/packed-refs");
  for (const std::string_view line : split(text, '\n'))
    if (const size_t blank = line.find(' '); blank != std::string_view::npos && line.substr(blank + 1) == reference && is_commit(line.substr(0, blank)))
      return std::string(line.substr(0, blank));
  return {};
}

}  // namespace

std::string commit_of(const std::string& checkout) {
  const sys::Fd directory(::open(checkout.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return {};
  const std::string head = beginning_of(directory.get(), ".git/HEAD");
  constexpr std::string_view kReference = "ref: ";
  if (is_commit(first_line(head))) return std::string(first_line(head));
  if (!head.starts_with(kReference)) return {};
  const std::string reference(first_line(head).substr(kReference.size()));
  if (!is_reference(reference)) return {};
  const std::string loose = beginning_of(directory.get(), ".git/" + reference);
  return is_commit(first_line(loose)) ? std::string(first_line(loose)) : packed(directory.get(), reference);
}

}  // namespace stepbox::host
