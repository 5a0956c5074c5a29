#include "host/find_programs.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.hpp"
#include "host/look_at.hpp"
#include "host/pass_over.hpp"
#include "plan/layout.hpp"
#include "plan/make_plan.hpp"
#include "plan/named_programs.hpp"
#include "plan/parts.hpp"
#include "sys/files.hpp"

namespace stepbox::host {
namespace {

class Finder {
 public:
  Finder(HostFacts& facts, const Policy& policy, const plan::Checkout& checkout)
      : facts_(facts), checkout_(checkout), without_checkout_(policy.source.value == SourceMode::none),
        layout_(facts, policy.home.value, without_checkout_ ? plan::Checkout() : checkout),
        // If a link leads to the home, HOME is a second name for it.
        home_(facts.variable("HOME").value_or(std::string())) {}

  void find(const plan::NamedProgram& named) {
    if (named.word.empty()) return;
    if (named.word.contains('/') || named.as == plan::NamedAs::script) {
      if (const std::string path = absolute(named.word); !path.empty()) look_at(path, named.as);
      return;
    }
    // PATH directories are shown whole, unless they are masked themselves.
    const std::string search_path = facts_.variable("PATH").value_or(std::string());
    for (const std::string_view entry : split(search_path, ':'))
      if (entry.starts_with('/') && layout_.contains_masked(lexically_normal(entry)) &&
          look_at(lexically_normal(std::string(entry) + "/" + named.word), named.as))
        return;
  }

 private:
  // Relative to the step's working directory; without a checkout that is an empty home.
  std::string absolute(const std::string& word) const {
    if (word.starts_with('/')) return lexically_normal(word);
    if (without_checkout_) return {};
    const std::string& start = is_within(facts_.cwd, checkout_.path) ? facts_.cwd : checkout_.path;
    return lexically_normal(start + "/" + word);
  }

  bool is_in_the_way_of_a_mask(const std::string& path) const {
    return layout_.covering(path) != nullptr || (home_.size() > 1 && is_within(path, home_));
  }

  // Whether the file exists; if so, the plan will show it.
  bool look_at(const std::string& path, plan::NamedAs as) {
    if (is_within(path, checkout_.path) || !is_in_the_way_of_a_mask(path) || facts_.paths.contains(path)) return false;
    Result<std::optional<HostFacts::NamedPath>> file = program_file(path, as);
    if (!file) pass_over(path, file.error());
    if (!file || !*file) return false;
    facts_.paths.emplace(path, std::move(**file));
    facts_.programs.push_back({path, as == plan::NamedAs::script});
    return true;
  }

  Result<std::optional<HostFacts::NamedPath>> program_file(const std::string& path, plan::NamedAs as) const {
    TRY_ASSIGN(const auto entry, sys::status_of(path, sys::Links::themselves));
    TRY_ASSIGN(const auto status, sys::status_of(path));
    if (!entry || !status || !S_ISREG(status->st_mode)) return std::nullopt;
    if (as == plan::NamedAs::script ? S_ISLNK(entry->st_mode) : (status->st_mode & 0111) == 0) return std::nullopt;
    const size_t slash = path.rfind('/');
    TRY_ASSIGN(const auto directory, sys::real_path(path.substr(0, std::max<size_t>(slash, 1))));
    if (!directory || is_within(*directory, checkout_.path)) return std::nullopt;
    return host::look_at(path);
  }

  HostFacts& facts_;
  const plan::Checkout& checkout_;
  const bool without_checkout_;
  const plan::Layout layout_;
  const std::string home_;
};

}  // namespace

void find_programs(HostFacts& facts, const Policy& policy, const std::vector<std::string>& argv) {
  if (policy.isolation.value != Isolation::full) return;
  // An error here will end the run when the plan is made.
  const Result<plan::Checkout> checkout = plan::choose_checkout(policy, facts);
  if (!checkout) return;
  Finder finder(facts, policy, *checkout);
  for (const plan::NamedProgram& named : plan::named_programs(argv)) finder.find(named);
}

}  // namespace stepbox::host
