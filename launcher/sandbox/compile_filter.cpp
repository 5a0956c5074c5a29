// Build tool: turns a seccomp profile (YAML) into a C++ file with the BPF program, by libseccomp.
//
//   stepbox-compile-filter PROFILE.yaml OUTPUT.cpp
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

#include "base/text.hpp"
#include "yaml/yaml_reader.hpp"

namespace {

using stepbox::Result;
using stepbox::fail;
using stepbox::quoted;
using stepbox::yaml::Node;

struct NamedNumber {
  std::string_view name;
  uint32_t number;
};

constexpr NamedNumber kErrnos[] = {{"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"EACCES", EACCES}};
constexpr NamedNumber kRequests[] = {{"TIOCSTI", TIOCSTI}, {"TIOCLINUX", TIOCLINUX}};

struct Rule {
  std::string name;
  std::string why;
  std::vector<std::string> calls;
  uint32_t answer = 0;
  unsigned argument = 0;
  std::vector<uint32_t> low32;  // empty: whatever the arguments are
};

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

class Profile {
 public:
  Profile(std::string place) : place_(std::move(place)) {}

  Result<std::vector<Rule>> read(const Node& root) const {
    const Node* rules = find(root, "rules");
    if (rules == nullptr || rules->kind != Node::Kind::list) return error(root, "expected 'rules', a list");
    std::vector<Rule> made;
    for (const Node& item : rules->items) {
      TRY_ASSIGN(Rule rule, read_rule(item));
      made.push_back(std::move(rule));
    }
    return made;
  }

 private:
  std::unexpected<stepbox::Error> error(const Node& node, const std::string& what) const {
    return fail(stepbox::yaml::position(place_, node) + ": " + what);
  }

  static const Node* find(const Node& map, std::string_view key) {
    for (const auto& [name, value] : map.entries)
      if (name.scalar == key) return &value;
    return nullptr;
  }

  Result<uint32_t> number(const Node& node, std::span<const NamedNumber> known) const {
    const auto found = std::ranges::find(known, node.scalar, &NamedNumber::name);
    if (found == known.end()) return error(node, "unknown word " + quoted(node.scalar));
    return found->number;
  }

  Result<Rule> read_rule(const Node& item) const {
    static constexpr std::string_view kFields[] = {"name", "why", "calls", "argument", "errno"};
    for (const auto& [key, value] : item.entries)
      if (std::ranges::find(kFields, key.scalar) == std::end(kFields))
        return error(key, "unknown field " + quoted(key.scalar));
    for (const char* field : {"name", "why", "calls", "errno"})
      if (find(item, field) == nullptr) return error(item, "a rule needs '" + std::string(field) + "'");
    Rule rule;
    rule.name = find(item, "name")->scalar;
    rule.why = find(item, "why")->scalar;
    for (const Node& call : find(item, "calls")->items) rule.calls.push_back(call.scalar);
    TRY_ASSIGN(rule.answer, number(*find(item, "errno"), kErrnos));
    const Node* argument = find(item, "argument");
    if (argument == nullptr) return rule;
    const Node* index = find(*argument, "index");
    const Node* values = find(*argument, "low32");
    if (index == nullptr || values == nullptr) return error(*argument, "an argument needs 'index' and 'low32'");
    std::from_chars(index->scalar.data(), index->scalar.data() + index->scalar.size(), rule.argument);
    for (const Node& value : values->items) {
      TRY_ASSIGN(const uint32_t request, number(value, kRequests));
      rule.low32.push_back(request);
    }
    return rule;
  }

  std::string place_;
};

Result<> add_rule(scmp_filter_ctx filter, const Rule& rule) {
  for (const std::string& name : rule.calls) {
    const int call = seccomp_syscall_resolve_name(name.c_str());
    if (call == __NR_SCMP_ERROR) return fail("rule " + quoted(rule.name) + ": unknown call " + quoted(name));
    if (rule.low32.empty() && seccomp_rule_add(filter, SCMP_ACT_ERRNO(rule.answer), call, 0) != 0)
      return fail("rule " + quoted(rule.name) + ": libseccomp refuses " + quoted(name));
    for (const uint32_t value : rule.low32) {
      // Only the low half counts: the kernel takes an ioctl request as 32 bits and would ignore the rest.
      const scmp_arg_cmp compared{rule.argument, SCMP_CMP_MASKED_EQ, 0xffffffff, value};
      if (seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(rule.answer), call, 1, &compared) != 0)
        return fail("rule " + quoted(rule.name) + ": libseccomp refuses " + quoted(name));
    }
  }
  return {};
}

Result<Filter> build(const std::vector<Rule>& rules) {
  Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return fail("libseccomp cannot make a filter");
  // Calls of every instruction set that the kernel may run beside the native one: a 32-bit program must
  // not get past the rules.
#if defined(__x86_64__)
  seccomp_arch_add(filter.get(), SCMP_ARCH_X86);
  seccomp_arch_add(filter.get(), SCMP_ARCH_X32);
#elif defined(__aarch64__)
  seccomp_arch_add(filter.get(), SCMP_ARCH_ARM);
#endif
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  for (const Rule& rule : rules) TRY(add_rule(filter.get(), rule));
  return filter;
}

Result<std::vector<sock_filter>> program_of(scmp_filter_ctx filter) {
  const std::unique_ptr<FILE, decltype(&std::fclose)> file(std::tmpfile(), &std::fclose);
  if (!file || seccomp_export_bpf(filter, fileno(file.get())) != 0) return fail("libseccomp cannot export the filter");
  std::vector<sock_filter> program(static_cast<size_t>(::lseek(fileno(file.get()), 0, SEEK_END)) / sizeof(sock_filter));
  const size_t bytes = program.size() * sizeof(sock_filter);
  if (::pread(fileno(file.get()), program.data(), bytes, 0) != static_cast<ssize_t>(bytes)) return fail("cannot read the filter back");
  return program;
}

void write(std::ostream& out, const std::vector<sock_filter>& program, const std::vector<Rule>& rules) {
  out << "// Made by stepbox-compile-filter; not to be edited.\n#include \"sandbox/filter_table.hpp\"\n\n"
         "namespace stepbox::sandbox {\nnamespace {\n\nconstexpr sock_filter kProgram[] = {\n";
  for (const sock_filter& line : program)
    out << "    {" << line.code << ", " << +line.jt << ", " << +line.jf << ", " << line.k << "u},\n";
  out << "};\n\nconstexpr FilterRule kRules[] = {\n";
  for (const Rule& rule : rules) out << "    {\"" << rule.name << "\", R\"(" << rule.why << ")\"},\n";
  out << "};\n\n}  // namespace\n\nconst std::span<const sock_filter> kFilterProgram = kProgram;\n"
         "const std::span<const FilterRule> kFilterRules = kRules;\n\n}  // namespace stepbox::sandbox\n";
}

Result<> compile(const std::string& profile, const std::string& output) {
  std::ifstream in(profile, std::ios::binary);
  if (!in) return fail("cannot open " + quoted(profile));
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  TRY_ASSIGN(const Node root, stepbox::yaml::parse(text, profile));
  TRY_ASSIGN(const std::vector<Rule> rules, Profile(profile).read(root));
  TRY_ASSIGN(const Filter filter, build(rules));
  TRY_ASSIGN(const std::vector<sock_filter> program, program_of(filter.get()));
  std::ofstream out(output, std::ios::binary | std::ios::trunc);
  write(out, program, rules);
  if (!out.flush()) return fail("cannot write " + quoted(output));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: stepbox-compile-filter PROFILE.yaml OUTPUT.cpp\n";
    return 2;
  }
  const Result<> done = compile(argv[1], argv[2]);
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
