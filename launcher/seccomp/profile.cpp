#include "seccomp/profile.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "seccomp/words.hpp"
#include "yaml/yaml_reader.hpp"

namespace stepbox::seccomp {
namespace {

using yaml::Node;

constexpr unsigned kArguments = 6;  // of a system call

class Reader {
 public:
  Reader(std::string_view place, std::span<const ProfileSource> builtins) : place_(place), builtins_(builtins) {}

  Result<Profile> read(const Node& root) const {
    static constexpr std::string_view kKeys[] = {"version", "summary", "extends", "without", "also", "groups"};
    TRY(check_keys(root, kKeys));
    const Node* version = find(root, "version");
    if (version == nullptr || version->scalar != "1") return error(version ? *version : root, "expected 'version: 1'");
    Profile profile;
    if (const Node* summary = find(root, "summary")) profile.summary = summary->scalar;
    TRY(extend(profile, root));
    TRY(take_out(profile, root));
    TRY(take_along(profile, root));
    TRY_ASSIGN(std::vector<ProfileGroup> own, own_groups(root));
    for (ProfileGroup& group : own) {
      if (has(profile, group.name))
        return fail(std::string(place_) + ": group " + quoted(group.name) + " is defined twice",
                    "leave the inherited one out with 'without: [" + escaped(group.name) + "]'");
      profile.groups.push_back(std::move(group));
    }
    return profile;
  }

  // The groups that the profile defines itself, without inherited ones.
  Result<std::vector<ProfileGroup>> own_groups(const Node& root) const {
    std::vector<ProfileGroup> groups;
    const Node* list = find(root, "groups");
    if (list == nullptr) return groups;
    TRY(expect(*list, Node::Kind::list, "a list of groups"));
    for (const Node& item : list->items) {
      TRY_ASSIGN(ProfileGroup group, read_group(item));
      groups.push_back(std::move(group));
    }
    return groups;
  }

 private:
  std::unexpected<Error> error(const Node& node, const std::string& what, std::string hint = {}) const {
    return fail(yaml::position(place_, node) + ": " + what, std::move(hint));
  }

  Result<> expect(const Node& node, Node::Kind kind, std::string_view expected) const {
    if (node.kind == kind) return {};
    return error(node, "expected " + std::string(expected));
  }

  static const Node* find(const Node& map, std::string_view key) {
    for (const auto& [name, value] : map.entries)
      if (name.scalar == key) return &value;
    return nullptr;
  }

  static bool has(const Profile& profile, std::string_view group) {
    return std::ranges::find(profile.groups, group, &ProfileGroup::name) != profile.groups.end();
  }

  Result<> check_keys(const Node& map, std::span<const std::string_view> keys) const {
    TRY(expect(map, Node::Kind::map, "a map"));
    for (const auto& [key, value] : map.entries)
      if (std::ranges::find(keys, key.scalar) == keys.end())
        return error(key, "unknown key " + quoted(key.scalar), did_you_mean(key.scalar, keys));
    return {};
  }

  Result<std::string> text(const Node& map, std::string_view key) const {
    const Node* node = find(map, key);
    if (node == nullptr || node->kind != Node::Kind::scalar || node->scalar.empty())
      return error(node ? *node : map, "expected " + quoted(key) + ", a text");
    return node->scalar;
  }

  Result<std::vector<const Node*>> words(const Node& map, std::string_view key) const {
    std::vector<const Node*> found;
    const Node* list = find(map, key);
    if (list == nullptr) return found;
    TRY(expect(*list, Node::Kind::list, "a list like [a, b]"));
    for (const Node& item : list->items) {
      TRY(expect(item, Node::Kind::scalar, "a word"));
      found.push_back(&item);
    }
    return found;
  }

  Result<> extend(Profile& profile, const Node& root) const {
    const Node* base = find(root, "extends");
    if (base == nullptr) return {};
    const auto source = std::ranges::find(builtins_, base->scalar, &ProfileSource::name);
    if (source == builtins_.end()) {
      std::vector<std::string_view> names;
      for (const ProfileSource& builtin : builtins_) names.push_back(builtin.name);
      return error(*base, quoted(base->scalar) + " is not a built-in profile", did_you_mean(base->scalar, names));
    }
    // Only the profiles before it, so that no built-in profile extends itself through others.
    TRY_ASSIGN(Profile extended, read_profile(source->text, source->name, {builtins_.begin(), source}));
    profile.groups = std::move(extended.groups);
    return {};
  }

  Result<> take_out(Profile& profile, const Node& root) const {
    TRY_ASSIGN(const auto names, words(root, "without"));
    for (const Node* name : names)
      if (std::erase_if(profile.groups, [&](const ProfileGroup& group) { return group.name == name->scalar; }) == 0)
        return error(*name, "the extended profile has no group " + quoted(name->scalar));
    return {};
  }

  Result<> take_along(Profile& profile, const Node& root) const {
    TRY_ASSIGN(const auto names, words(root, "also"));
    for (const Node* name : names) {
      TRY_ASSIGN(ProfileGroup group, builtin_group(*name));
      if (!has(profile, group.name)) profile.groups.push_back(std::move(group));
    }
    return {};
  }

  Result<ProfileGroup> builtin_group(const Node& name) const {
    for (const ProfileSource& source : builtins_) {
      TRY_ASSIGN(const Node root, yaml::parse(source.text, source.name));
      TRY_ASSIGN(const std::vector<ProfileGroup> groups, Reader(source.name, {}).own_groups(root));
      const auto found = std::ranges::find(groups, name.scalar, &ProfileGroup::name);
      if (found != groups.end()) return *found;
    }
    return error(name, "no built-in profile has a group " + quoted(name.scalar));
  }

  Result<ProfileGroup> read_group(const Node& item) const {
    static constexpr std::string_view kKeys[] = {"name", "why", "refuse"};
    TRY(check_keys(item, kKeys));
    ProfileGroup group;
    TRY_ASSIGN(group.name, text(item, "name"));
    TRY_ASSIGN(group.why, text(item, "why"));
    const Node* rules = find(item, "refuse");
    if (rules == nullptr || rules->items.empty()) return error(item, "a group needs 'refuse', a list of rules");
    for (const Node& rule : rules->items) {
      TRY_ASSIGN(ProfileRule made, read_rule(rule));
      group.rules.push_back(std::move(made));
    }
    return group;
  }

  Result<ProfileRule> read_rule(const Node& item) const {
    static constexpr std::string_view kKeys[] = {"calls", "when", "answer"};
    TRY(check_keys(item, kKeys));
    ProfileRule rule;
    rule.place = yaml::position(place_, item);
    TRY_ASSIGN(const auto calls, words(item, "calls"));
    for (const Node* call : calls) rule.calls.push_back(call->scalar);
    if (rule.calls.empty()) return error(item, "a rule needs 'calls', a list of system calls");
    TRY_ASSIGN(const std::string answer, text(item, "answer"));
    const auto number = answer_number(answer);
    if (!number) return error(item, quoted(answer) + " is not an answer: an errno like EPERM, success or kill");
    rule.answer = *number;
    const Node* when = find(item, "when");
    if (when == nullptr) return rule;
    TRY(expect(*when, Node::Kind::list, "a list of conditions"));
    for (const Node& condition : when->items) {
      TRY_ASSIGN(ArgumentCondition made, read_condition(condition));
      if (std::ranges::find(rule.when, made.argument, &ArgumentCondition::argument) != rule.when.end())
        return error(condition, "argument " + std::to_string(made.argument) + " has a condition already");
      rule.when.push_back(std::move(made));
    }
    return rule;
  }

  Result<ArgumentCondition> read_condition(const Node& item) const {
    static constexpr std::string_view kKeys[] = {"argument", "is", "bits"};
    TRY(check_keys(item, kKeys));
    ArgumentCondition condition;
    TRY_ASSIGN(const std::string index, text(item, "argument"));
    const auto argument = argument_number(index);
    if (!argument || *argument >= kArguments) return error(item, quoted(index) + " is not an argument from 0 to 5");
    condition.argument = *argument;
    TRY(add_tests(condition, item, "is"));
    TRY(add_tests(condition, item, "bits"));
    if (condition.tests.empty())
      return error(item, "a condition needs 'is' or 'bits', a list of numbers or their names");
    return condition;
  }

  Result<> add_tests(ArgumentCondition& condition, const Node& item, std::string_view key) const {
    TRY_ASSIGN(const auto values, words(item, key));
    for (const Node* value : values) {
      const auto number = argument_number(value->scalar);
      if (!number) return unknown_number(*value);
      if (key == "bits" && *number == 0) return error(*value, "no bit is set in " + quoted(value->scalar));
      condition.tests.push_back({key == "is" ? 0xffffffff : *number, *number});
    }
    return {};
  }

  std::unexpected<Error> unknown_number(const Node& value) const {
    std::vector<std::string_view> names;
    for (const SeccompWord& word : argument_words()) names.push_back(word.word);
    return error(value, quoted(value.scalar) + " is neither a 32-bit number nor a known name", did_you_mean(value.scalar, names));
  }

  std::string_view place_;
  std::span<const ProfileSource> builtins_;
};

}  // namespace

std::string calls_of(const ProfileGroup& group) {
  std::vector<std::string> names;
  for (const ProfileRule& rule : group.rules) names.insert(names.end(), rule.calls.begin(), rule.calls.end());
  return join(names, " ");
}

void allow_attributes(Profile& profile) {
  std::erase_if(profile.groups, [](const ProfileGroup& group) { return group.name == kAttributesGroup; });
}

Result<Profile> read_profile(std::string_view text, std::string_view place, std::span<const ProfileSource> builtins) {
  TRY_ASSIGN(const Node root, yaml::parse(text, place));
  return Reader(place, builtins).read(root);
}

}  // namespace stepbox::seccomp
