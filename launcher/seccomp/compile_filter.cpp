// Build tool: turns the built-in seccomp profiles (YAML) into a C++ file with their BPF programs.
//
//   stepbox-compile-filter OUTPUT.cpp PROFILE.yaml...      a profile extends only those named before it
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.hpp"
#include "seccomp/compiler.hpp"
#include "seccomp/profile.hpp"

namespace {

using stepbox::fail;
using stepbox::quoted;
using stepbox::Result;
using namespace stepbox::seccomp;

struct Source {
  std::string name;  // the file's name without its folder and ".yaml"
  std::string text;
};

Result<Source> read_source(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail("cannot open " + quoted(path));
  const size_t slash = path.rfind('/') + 1;
  return Source{path.substr(slash, path.rfind('.') - slash), std::string(std::istreambuf_iterator<char>(in), {})};
}

// A compiled profile. The names of its constants end in `suffix`.
struct Compiled {
  std::string suffix;
  std::string name;
  Profile profile;
  std::vector<sock_filter> program;
};

Result<Compiled> compile(const std::string& name, const std::string& variant, Profile profile) {
  TRY_ASSIGN(std::vector<sock_filter> program, compile_profile(profile, native_architectures()));
  return Compiled{name + variant, name, std::move(profile), std::move(program)};
}

void write_constants(std::ostream& out, const Compiled& compiled) {
  out << "constexpr sock_filter kProgram_" << compiled.suffix << "[] = {\n";
  for (const sock_filter& line : compiled.program)
    out << "    {" << line.code << ", " << +line.jt << ", " << +line.jf << ", " << line.k << "u},\n";
  out << "};\n\nconstexpr SeccompGroup kGroups_" << compiled.suffix << "[] = {\n";
  for (const ProfileGroup& group : compiled.profile.groups)
    out << "    {\"" << group.name << "\", R\"why(" << group.why << ")why\", \"" << calls_of(group) << "\"},\n";
  out << "};\n\n";
}

void write_table(std::ostream& out, const char* name, std::span<const Compiled> rows) {
  const auto word = [](bool value) { return value ? "true" : "false"; };
  out << "constexpr SeccompFilter " << name << "[] = {\n";
  for (const Compiled& row : rows)
    out << "    {\"" << row.name << "\", R\"why(" << row.profile.summary << ")why\", kGroups_" << row.suffix
        << ", kProgram_" << row.suffix << ", " << word(kills(row.profile)) << ", " << word(bounds_memory(row.profile))
        << "},\n";
  out << "};\n\n";
}

void write_sources(std::ostream& out, std::span<const Source> sources) {
  out << "constexpr ProfileSource kSources[] = {\n";
  for (const Source& source : sources)
    out << "    {\"" << source.name << "\", R\"yaml(" << source.text << ")yaml\"},\n";
  out << "};\n\n";
}

// Compiles each profile in two variants, since a run compiles nothing: as written, and for steps that may set extended
// attributes.
Result<> compile_all(const std::string& output, std::span<const std::string> paths) {
  std::vector<Source> sources;
  std::vector<Compiled> filters, with_attributes;
  for (const std::string& path : paths) {
    TRY_ASSIGN(Source source, read_source(path));
    std::vector<ProfileSource> known;
    for (const Source& before : sources) known.push_back({before.name, before.text});
    TRY_ASSIGN(Profile profile, read_profile(source.text, path, known));
    Profile wider = profile;
    allow_attributes(wider);
    if (wider.groups.size() == profile.groups.size())
      return fail(quoted(path) + " has no group " + quoted(kAttributesGroup));
    TRY_ASSIGN(Compiled filter, compile(source.name, "", std::move(profile)));
    TRY_ASSIGN(Compiled other, compile(source.name, "_with_attributes", std::move(wider)));
    filters.push_back(std::move(filter));
    with_attributes.push_back(std::move(other));
    sources.push_back(std::move(source));
  }
  std::ofstream out(output, std::ios::binary | std::ios::trunc);
  out << "// Made by stepbox-compile-filter; not to be edited.\n#include \"seccomp/filter_table.hpp\"\n\n"
         "namespace stepbox::seccomp {\nnamespace {\n\n";
  for (const Compiled& filter : filters) write_constants(out, filter);
  for (const Compiled& filter : with_attributes) write_constants(out, filter);
  write_table(out, "kFilters", filters);
  write_table(out, "kFiltersWithAttributes", with_attributes);
  write_sources(out, sources);
  out << "}  // namespace\n\nconst std::span<const SeccompFilter> kBuiltinFilters = kFilters;\n"
         "const std::span<const SeccompFilter> kBuiltinFiltersWithAttributes = kFiltersWithAttributes;\n"
         "const std::span<const ProfileSource> kBuiltinSources = kSources;\n\n}  // namespace stepbox::seccomp\n";
  if (!out.flush()) return fail("cannot write " + quoted(output));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: stepbox-compile-filter OUTPUT.cpp PROFILE.yaml...\n";
    return 2;
  }
  const std::vector<std::string> paths(argv + 2, argv + argc);
  const Result<> done = compile_all(argv[1], paths);
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
