// A build tool: checks the built-in policies and writes them as C++ tables (builtin.hpp).
//
//   stepbox-compile-policies OUT.cpp policies/default.yaml policies/go.yaml ...
//
// A mistake in a policy ends the build with the same message that a user's own file would get.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "policy/document.hpp"
#include "policy/settings.hpp"

namespace stepbox::policy {
namespace {

struct Named {
  std::string name;
  Document document;
};

std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + "\"";
}

Result<Named> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_errno("cannot open " + path, errno);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const size_t name_start = path.rfind('/') + 1;
  Named named{path.substr(name_start, path.rfind('.') - name_start), {}};
  TRY_ASSIGN(named.document, read_document(text, Layer::site, path));
  if (!named.document.mistakes.empty()) return std::unexpected(named.document.mistakes.front().error);
  // The bottom layer is always `default`, so every built-in policy holds only what it adds to that.
  if (!named.document.extends.empty()) return fail(path + ": a built-in policy extends no other");
  if (named.document.summary.empty()) return fail(path + ": summary: missing");
  Policy policy;
  for (const Setting& setting : named.document.settings) TRY(apply_setting(policy, setting));
  return named;
}

void write(std::ostream& out, const std::vector<Named>& policies) {
  out << "#include \"policy/builtin.hpp\"\n\nnamespace stepbox::policy {\nnamespace {\n\n";
  for (size_t i = 0; i < policies.size(); ++i) {
    out << "constexpr BuiltinSetting kSettings" << i << "[] = {\n";
    for (const Setting& setting : policies[i].document.settings)
      out << "    {" << literal(setting.key) << ", " << literal(setting.name) << ", " << literal(setting.value) << ", "
          << setting.origin.line << "},\n";
    out << "};\n\n";
  }
  out << "constexpr Builtin kBuiltins[] = {\n";
  for (size_t i = 0; i < policies.size(); ++i)
    out << "    {" << literal(policies[i].name) << ", " << literal(policies[i].document.summary) << ", kSettings" << i
        << "},\n";
  out << "};\n\n}  // namespace\n\nstd::span<const Builtin> builtins() { return kBuiltins; }\n\n"
         "}  // namespace stepbox::policy\n";
}

int compile(const std::string& output, std::vector<std::string> paths) {
  std::vector<Named> policies;
  std::ranges::sort(paths);
  for (const std::string& path : paths) {
    auto named = read(path);
    if (!named) {
      std::cerr << named.error().message << "\n";
      return 1;
    }
    policies.push_back(std::move(*named));
  }
  std::ofstream file(output, std::ios::binary);
  write(file, policies);
  file.close();
  if (!file) std::cerr << "cannot write " << output << "\n";
  return file ? 0 : 1;
}

}  // namespace
}  // namespace stepbox::policy

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: stepbox-compile-policies OUT.cpp POLICY.yaml...\n";
    return 2;
  }
  return stepbox::policy::compile(argv[1], std::vector<std::string>(argv + 2, argv + argc));
}
