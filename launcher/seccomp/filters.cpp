#include "seccomp/filters.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "seccomp/compiler.hpp"
#include "seccomp/filter_table.hpp"
#include "sys/files.hpp"

namespace stepbox::seccomp {
namespace {

constexpr SeccompFilter kOff{.profile = kNoSeccomp, .summary = "no system call is refused"};

// A filter that lives as long as the program.
std::shared_ptr<const SeccompFilter> lasting(const SeccompFilter& filter) {
  return {std::shared_ptr<void>(), &filter};
}

// The storage behind the views of a filter that is compiled at run time.
struct OwnFilter {
  std::string path;
  Profile profile;
  std::vector<sock_filter> program;
  std::vector<std::string> calls = {};  // of each group
  std::vector<SeccompGroup> groups = {};
  SeccompFilter filter = {};
};

Result<std::shared_ptr<const SeccompFilter>> compile_file(const std::string& path, Attributes attributes) {
  TRY_ASSIGN(const std::string text, sys::read_file(path));
  TRY_ASSIGN(Profile profile, read_profile(text, escaped(path), kBuiltinSources));
  if (attributes == Attributes::allowed) allow_attributes(profile);
  TRY_ASSIGN(std::vector<sock_filter> program, compile_profile(profile, native_architectures()));
  if (program.empty()) return fail(quoted(path) + " refuses nothing", "use 'seccomp: off' if that is meant");
  auto own = std::make_shared<OwnFilter>(OwnFilter{path, std::move(profile), std::move(program)});
  const std::vector<ProfileGroup>& groups = own->profile.groups;
  for (const ProfileGroup& group : groups) own->calls.push_back(calls_of(group));
  for (size_t i = 0; i < groups.size(); ++i) own->groups.push_back({groups[i].name, groups[i].why, own->calls[i]});
  own->filter = {.profile = own->path,
                 .summary = own->profile.summary,
                 .groups = own->groups,
                 .program = own->program,
                 .kills = kills(own->profile),
                 .bounds_memory = bounds_memory(own->profile)};
  return std::shared_ptr<const SeccompFilter>(own, &own->filter);
}

}  // namespace

Result<std::shared_ptr<const SeccompFilter>> find_filter(const std::string& profile, Attributes attributes) {
  if (profile == kNoSeccomp) return lasting(kOff);
  for (const SeccompFilter& builtin : attributes == Attributes::allowed ? kBuiltinFiltersWithAttributes : kBuiltinFilters)
    if (builtin.profile == profile) return lasting(builtin);
  auto compiled = compile_file(profile, attributes);
  if (!compiled)
    return std::unexpected(std::move(compiled).error().within("cannot use the seccomp profile " + quoted(profile)));
  return compiled;
}

}  // namespace stepbox::seccomp
