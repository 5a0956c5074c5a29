// Build tool: turns the built-in seccomp profiles (YAML) into a C++ file with their BPF programs.
//
//   stepbox-compile-filter OUTPUT.cpp PROFILE.yaml...      a profile extends only those named before it
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.hpp"
#include "sandbox/seccomp_compiler.hpp"
#include "sandbox/seccomp_profile.hpp"

namespace {

using stepbox::fail;
using stepbox::quoted;
using stepbox::Result;
using namespace stepbox::sandbox;

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

void write_profile(std::ostream& out, const Source& source, const Profile& profile,
                   std::span<const sock_filter> program) {
  out << "constexpr sock_filter kProgram_" << source.name << "[] = {\n";
  for (const sock_filter& line : program)
    out << "    {" << line.code << ", " << +line.jt << ", " << +line.jf << ", " << line.k << "u},\n";
  out << "};\n\nconstexpr SeccompGroup kGroups_" << source.name << "[] = {\n";
  for (const ProfileGroup& group : profile.groups)
    out << "    {\"" << group.name << "\", R\"why(" << group.why << ")why\", \"" << calls_of(group) << "\"},\n";
  out << "};\n\n";
}

void write_row(std::ostream& out, const Source& source, const Profile& profile) {
  out << "    {\"" << source.name << "\", R\"why(" << profile.summary << ")why\", kGroups_" << source.name
      << ", kProgram_" << source.name << ", " << (kills(profile) ? "true" : "false") << "},\n";
}

Result<> compile(const std::string& output, std::span<const std::string> paths) {
  std::ofstream out(output, std::ios::binary | std::ios::trunc);
  out << "// Made by stepbox-compile-filter; not to be edited.\n#include \"sandbox/filter_table.hpp\"\n\n"
         "namespace stepbox::sandbox {\nnamespace {\n\n";
  std::vector<Source> sources;
  std::vector<Profile> profiles;
  for (const std::string& path : paths) {
    TRY_ASSIGN(Source source, read_source(path));
    std::vector<ProfileSource> known;
    for (const Source& before : sources) known.push_back({before.name, before.text});
    TRY_ASSIGN(Profile profile, read_profile(source.text, path, known));
    TRY_ASSIGN(const std::vector<sock_filter> program, compile_profile(profile, native_architectures()));
    write_profile(out, source, profile, program);
    sources.push_back(std::move(source));
    profiles.push_back(std::move(profile));
  }
  out << "constexpr SeccompFilter kFilters[] = {\n";
  for (size_t i = 0; i < sources.size(); ++i) write_row(out, sources[i], profiles[i]);
  out << "};\n\nconstexpr ProfileSource kSources[] = {\n";
  for (const Source& source : sources)
    out << "    {\"" << source.name << "\", R\"yaml(" << source.text << ")yaml\"},\n";
  out << "};\n\n}  // namespace\n\nconst std::span<const SeccompFilter> kBuiltinFilters = kFilters;\n"
         "const std::span<const ProfileSource> kBuiltinSources = kSources;\n\n}  // namespace stepbox::sandbox\n";
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
  const Result<> done = compile(argv[1], paths);
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
