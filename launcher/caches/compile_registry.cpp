// stepbox-compile-registry: turns policies/caches/*.yaml into the constant tables of registry_tables.hpp.
//
//   stepbox-compile-registry --output FILE YAML...   writes the C++ file
//   stepbox-compile-registry --list YAML...          prints VARIABLE<TAB>value<TAB>create<TAB>mode
//
// The name of a YAML file is the ecosystem of its tools. Exits 1 with one line for the first mistake.
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

namespace stepbox::caches {
namespace {

constexpr int kUsage = 2;

Result<std::vector<source::Tool>> read_files(std::span<const char* const> files) {
  std::vector<source::Tool> tools;
  for (const char* const file : files) {
    // A stream over a directory opens, and throws at the first byte.
    if (std::error_code code; !std::filesystem::is_regular_file(file, code))
      return fail("cannot read " + std::string(file) + ": no such file");
    std::ifstream stream(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    if (!stream) return fail_errno("cannot read " + std::string(file), errno);
    const std::string ecosystem = std::filesystem::path(file).stem();
    TRY_ASSIGN(std::vector<source::Tool> more, source::read(text, file, ecosystem));
    std::ranges::move(more, std::back_inserter(tools));
  }
  TRY(source::check_together(tools));
  return tools;
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

int run(std::span<const char* const> arguments) {
  const std::string_view mode = arguments.empty() ? "" : arguments[0];
  const bool writes = mode == "--output" && arguments.size() > 2;
  const bool lists = mode == "--list" && arguments.size() > 1;
  if (!writes && !lists) {
    std::cerr << "usage: stepbox-compile-registry --output FILE YAML...\n"
                 "       stepbox-compile-registry --list YAML...\n";
    return kUsage;
  }
  const auto tools = read_files(arguments.subspan(writes ? 2 : 1));
  if (!tools) return complain(tools.error());
  if (lists) {
    std::cout << source::redirect_list(*tools);
    return 0;
  }
  const auto written = write_file(arguments[1], source::cpp_tables(*tools));
  return written ? 0 : complain(written.error());
}

}  // namespace
}  // namespace stepbox::caches

int main(int argc, char** argv) {
  return stepbox::caches::run(std::span<const char* const>(argv, static_cast<size_t>(argc)).subspan(1));
}
