// Keys whose value is one of a few words, or true or false: their row of keys.cpp names a field of Policy and its
// words, and everything else follows.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "base/listed.hpp"
#include "policy/keys.hpp"
#include "policy/widening.hpp"

namespace stepbox::policy {

// The words of a choice, for KeyRow::words and KeyRow::expected.
template <const auto& Choices>  // of Word
inline constexpr auto kWordsOf = column_of(Choices, &std::remove_cvref_t<decltype(Choices[0])>::word);
template <const auto& Choices>
inline constexpr auto kFormText = listed(kWordsOf<Choices>, ", ", " or ");
template <const auto& Choices>
inline constexpr std::string_view kForm = kFormText<Choices>.view();

inline constexpr std::string_view kFlagForm = "true or false";
inline constexpr Word<bool> kFlagWords[] = {{"true", true, 1}, {"false", false, 0}};

// The errors for a word that the key does not know.
std::unexpected<Error> no_choice(std::string_view value, std::string_view expected, std::span<const std::string_view> words);
std::unexpected<Error> no_flag(std::string_view value);

template <const auto& Words, class Mode>
constexpr const auto& row_of(const Mode& mode) {
  for (const auto& known : Words)
    if (known.mode == mode) return known;
  return Words[0];
}

// Sets the field if the value is one of the words, and returns whether it is.
template <auto Field, const auto& Words>
bool take_choice(Policy& policy, const Setting& setting) {
  for (const auto& known : Words) {
    if (setting.value != known.word) continue;
    policy.*Field = {known.mode, setting.origin};
    return true;
  }
  return false;
}

template <auto Field, const auto& Words>
Result<> apply_choice(Policy& policy, const Setting& setting) {
  if (take_choice<Field, Words>(policy, setting)) return {};
  return no_choice(setting.value, kForm<Words>, kWordsOf<Words>);
}

template <auto Field>
Result<> apply_flag(Policy& policy, const Setting& setting) {
  if (take_choice<Field, kFlagWords>(policy, setting)) return {};
  return no_flag(setting.value);
}

template <auto Field, const auto& Words>
std::vector<Setting> settings_of_choice(const Policy& policy) {
  return {Setting{.key = {}, .name = {}, .value = std::string(row_of<Words>((policy.*Field).value).word), .origin = (policy.*Field).origin}};
}

// `Sign` is -1 where the larger width is the tighter one: a flag may take something away from the step.
template <auto Field, const auto& Words, int Sign>
std::optional<Widening> widens_choice(const Policy& base, const Policy& changed, uint64_t) {
  const auto& before = row_of<Words>((base.*Field).value);
  const auto& now = row_of<Words>((changed.*Field).value);
  if (Sign * now.width <= Sign * before.width) return {};
  return policy::wider({std::string(now.word), (changed.*Field).origin}, {std::string(before.word), (base.*Field).origin});
}

template <auto Field, const auto& Words>
constexpr KeyRow choice(std::string_view key, std::string_view option, std::string_view variable, std::string_view help) {
  return {key, Shape::scalar, option, variable, 0, kModeOperand, Trust::tighten, kForm<Words>, help,
          apply_choice<Field, Words>, widens_choice<Field, Words, 1>, settings_of_choice<Field, Words>, kWordsOf<Words>};
}

enum class Wider : uint8_t { when_true, when_false };

template <auto Field, Wider wider>
constexpr KeyRow flag(std::string_view key, std::string_view option, std::string_view variable, std::string_view help) {
  return {key, Shape::flag, option, variable, 0, "", Trust::tighten, kFlagForm, help,
          apply_flag<Field>, widens_choice<Field, kFlagWords, wider == Wider::when_true ? 1 : -1>,
          settings_of_choice<Field, kFlagWords>};
}

// A flag that is the operator's alone, whatever its value.
template <auto Field>
constexpr KeyRow operator_flag(std::string_view key, std::string_view option, std::string_view variable, std::string_view help) {
  return {key, Shape::flag, option, variable, 0, "", Trust::operator_only, kFlagForm, help,
          apply_flag<Field>, nullptr, settings_of_choice<Field, kFlagWords>};
}

}  // namespace stepbox::policy
