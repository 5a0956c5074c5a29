// stepbox-compile-registry: turns policies/caches/*.yaml into the constant tables of registry_tables.hpp, and
// policies/warm/*.yaml into those of warm_tables.hpp.
//
//   stepbox-compile-registry --output FILE YAML...          writes the C++ file
//   stepbox-compile-registry --warm FILE YAML... -- WARM...  writes that of the warm caches
//   stepbox-compile-registry --list YAML...                 prints VARIABLE<TAB>value<TAB>create<TAB>mode
//
// The name of a YAML file is the ecosystem of its tools, or the warm cache's. Exits 1 with one line for the first mistake.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "caches/emit_tables.hpp"
#include "caches/registry_source.hpp"
#include "caches/warm_source.hpp"

namespace stepbox::caches {
namespace {

constexpr int kUsage = 2;

Result<std::string> read_file(const char* file) {
  // A stream over a directory opens, and throws at the first byte.
  if (std::error_code code; !std::filesystem::is_regular_file(file, code))
    return fail("cannot read " + std::string(file) + ": no such file");
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream) return fail_errno("cannot read " + std::string(file), errno);
  return text;
}

std::string stem_of(const char* file) { return std::filesystem::path(file).stem(); }

Result<std::vector<source::Tool>> read_registry(std::span<const char* const> files) {
  std::vector<source::Tool> tools;
  for (const char* const file : files) {
    TRY_ASSIGN(const std::string text, read_file(file));
    TRY_ASSIGN(std::vector<source::Tool> more, source::read(text, file, stem_of(file)));
    std::ranges::move(more, std::back_inserter(tools));
  }
  TRY(source::check_together(tools));
  return tools;
}

Result<std::vector<source::WarmCache>> read_warm(std::span<const char* const> files, std::span<const source::Tool> tools) {
  std::vector<source::WarmCache> caches;
  for (const char* const file : files) {
    TRY_ASSIGN(const std::string text, read_file(file));
    TRY_ASSIGN(source::WarmCache cache, source::read_warm(text, file, stem_of(file)));
    caches.push_back(std::move(cache));
  }
  TRY(source::check_warm(caches, tools));
  return caches;
}

Result<> write_file(const char* path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) return fail_errno("cannot write " + std::string(path), errno);
  return {};
}

int complain(const Error& error) {
  std::cerr << error.message << '\n';
  return 1;
}

Result<> list(std::span<const char* const> files) {
  TRY_ASSIGN(const auto tools, read_registry(files));
  std::cout << source::redirect_list(tools);
  return {};
}

Result<> compile_registry(const char* output, std::span<const char* const> files) {
  TRY_ASSIGN(const auto tools, read_registry(files));
  return write_file(output, source::cpp_tables(tools));
}

Result<> compile_warm(const char* output, std::span<const char* const> files) {
  const auto border = std::ranges::find(files, std::string_view("--"));
  const auto count = static_cast<size_t>(border - files.begin());
  if (count == files.size()) return fail("there is no -- before the warm caches");
  TRY_ASSIGN(const auto tools, read_registry(files.first(count)));
  TRY_ASSIGN(const auto caches, read_warm(files.subspan(count + 1), tools));
  return write_file(output, source::warm_cpp_tables(caches));
}

int run(std::span<const char* const> arguments) {
  const std::string_view mode = arguments.empty() ? "" : arguments[0];
  Result<> done;
  if (mode == "--list" && arguments.size() > 1) done = list(arguments.subspan(1));
  else if (mode == "--output" && arguments.size() > 2) done = compile_registry(arguments[1], arguments.subspan(2));
  else if (mode == "--warm" && arguments.size() > 2) done = compile_warm(arguments[1], arguments.subspan(2));
  else {
    std::cerr << "usage: stepbox-compile-registry --output FILE YAML...\n"
                 "       stepbox-compile-registry --warm FILE YAML... -- WARM...\n"
                 "       stepbox-compile-registry --list YAML...\n";
    return kUsage;
  }
  return done ? 0 : complain(done.error());
}

}  // namespace
}  // namespace stepbox::caches

int main(int argc, char** argv) {
  return stepbox::caches::run(std::span<const char* const>(argv, static_cast<size_t>(argc)).subspan(1));
}
