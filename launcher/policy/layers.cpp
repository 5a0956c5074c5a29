#include "policy/layers.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <tuple>

#include "base/text.hpp"
#include "policy/builtin.hpp"
#include "policy/document.hpp"
#include "policy/policy_file.hpp"
#include "policy/refusal.hpp"

namespace stepbox::policy {
namespace {

// The limit for one layer, over all levels of extends. No honest policy comes near it.
constexpr size_t kMaxPolicies = 64;

std::unexpected<Error> unknown_policy(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Builtin& builtin : builtins()) known.push_back(builtin.name);
  return fail("unknown policy " + quoted(name) + in_parentheses(nearest_or_all(name, known)),
              "'stepbox policy list' shows the built-in ones; the name of a file holds a / or ends in .yaml");
}

class Gatherer {
 public:
  explicit Gatherer(Layer layer) : layer_(layer) {}

  Gathered take() { return std::move(gathered_); }

  // Returns whether the file exists.
  Result<bool> file(const std::string& path, const std::string& place) {
    const FileOwner owner = layer_ == Layer::project ? FileOwner::stranger : FileOwner::trusted;
    TRY_ASSIGN(const std::optional<std::string> text, read_policy_file(path, owner));
    if (!text) return false;
    TRY_ASSIGN(Document document, read_document(*text, layer_, place));
    open_files_.push_back(path);
    std::vector<Mistake> mistakes = std::exchange(gathered_.mistakes, {});
    for (const Extension& extension : document.extends) {
      if (extended_ > kMaxPolicies) break;  // already a mistake
      const std::string at = escaped(extension.origin.text()) + ": extends";
      const std::string outer = std::exchange(via_, at);
      const Origin outer_at = std::exchange(via_at_, extension.origin);
      const auto found = [&](Error error) {
        document.mistakes.push_back({extension.origin.line, extension.origin.column, std::move(error).within(at)});
      };
      auto extended = extend(extension, path);
      for (Mistake& mistake : std::exchange(gathered_.mistakes, {})) found(std::move(mistake.error));
      if (!extended) found(std::move(extended).error());
      via_ = outer;
      via_at_ = outer_at;
    }
    open_files_.pop_back();
    sort_by_line(document.mistakes);
    std::ranges::move(document.mistakes, std::back_inserter(mistakes));
    gathered_.mistakes = std::move(mistakes);
    for (Setting& setting : document.settings) add_step(std::move(setting));
    gathered_.names.push_back(PolicyName{place, layer_});
    return true;
  }

  Result<> builtin(std::string_view name) {
    const auto found = std::ranges::find(builtins(), name, &Builtin::name);
    if (found == builtins().end()) return unknown_policy(name);
    for (const BuiltinSetting& setting : found->settings) {
      Origin origin{.layer = Layer::built_in, .place = std::string(name), .line = setting.line};
      add_step(Setting{std::string(setting.key), std::string(setting.name), std::string(setting.value), std::move(origin)});
    }
    gathered_.names.push_back(PolicyName{std::string(name), layer_});
    return {};
  }

 private:
  void add_step(Setting setting) {
    const Origin at = via_.empty() ? setting.origin : via_at_;
    gathered_.steps.push_back(Step{std::move(setting), via_, at.line, at.column});
  }

  Result<> extend(const Extension& extension, const std::string& extending) {
    if (++extended_ > kMaxPolicies) return fail("more than " + std::to_string(kMaxPolicies) + " policies");
    if (!is_file_name(extension.name)) return builtin(extension.name);
    if (layer_ == Layer::project)
      return fail(quoted(extension.name) + " is a file; a project policy may extend built-in policies only");
    const std::string path = path_below(extending.substr(0, extending.rfind('/') + 1), extension.name);
    if (std::ranges::find(open_files_, path) != open_files_.end())
      return fail(quoted(path) + " extends itself");
    TRY_ASSIGN(const bool exists, file(path, path));
    if (!exists) return fail_errno("cannot open " + quoted(path), ENOENT);
    return {};
  }

  Layer layer_;
  Gathered gathered_;
  std::string via_;
  Origin via_at_;
  size_t extended_ = 0;
  std::vector<std::string> open_files_;
};

}  // namespace

bool is_file_name(std::string_view name) {
  return name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
}

std::string path_below(std::string_view directory, std::string_view path) {
  if (path.starts_with('/')) return lexically_normal(path);
  return lexically_normal(std::string(directory) + "/" + std::string(path));
}

void sort_by_line(std::vector<Mistake>& mistakes) {
  const auto place = [](const Mistake& mistake) { return std::tuple(mistake.line == 0, mistake.line, mistake.column); };
  std::ranges::stable_sort(mistakes, {}, place);
}

Result<Gathered> gather_file(const std::string& path, const std::string& place, Layer layer) {
  Gatherer gatherer(layer);
  TRY(gatherer.file(path, place));
  return gatherer.take();
}

Result<Gathered> gather_named(const std::string& name, std::string_view cwd, Layer layer) {
  Gatherer gatherer(layer);
  if (is_file_name(name)) {
    TRY_ASSIGN(const bool exists, gatherer.file(path_below(cwd, name), name));
    if (!exists) return fail_errno("cannot open policy " + quoted(name), ENOENT);
  } else {
    TRY(gatherer.builtin(name));
  }
  return gatherer.take();
}

}  // namespace stepbox::policy
