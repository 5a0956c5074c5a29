#include "policy/keys.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "model/protection.hpp"
#include "model/seccomp.hpp"
#include "policy/choices.hpp"
#include "policy/key_settings.hpp"
#include "policy/key_values.hpp"
#include "policy/limit_values.hpp"
#include "policy/output_values.hpp"
#include "policy/warm_values.hpp"
#include "policy/widening.hpp"

namespace stepbox::policy {
namespace {

// A key of the design that this version cannot honour. It has its option and variable, so that stepbox
// takes none of the three spellings for a typing mistake or, worse, ignores it.
constexpr KeyRow unsupported(std::string_view key, std::string_view option, std::string_view variable) {
  return {key, Shape::unsupported,    option,  variable, 0, "VALUE", Trust::operator_only,
          "",  "not in this version", nullptr, nullptr};
}

// The keys of limits come from the tables of limits: they have no option of their own, but are spelled --limit
// NAME=VALUE.
constexpr std::string_view operand_of(LimitUnit unit) {
  return unit == LimitUnit::bytes ? "SIZE" : unit == LimitUnit::count ? "COUNT" : "CORES";
}
constexpr std::string_view form_of(LimitUnit unit, std::string_view bytes_form) {
  return unit == LimitUnit::bytes ? bytes_form : unit == LimitUnit::count ? kCountForm : kCoresForm;
}

template <const BoxLimit& Row>
constexpr KeyRow key_of_limit() {
  return {Row.key, Shape::scalar, "", "", 0, operand_of(Row.unit), Trust::tighten, form_of(Row.unit, kSizeForm), Row.help,
          apply_limit_of_box, widens_limit_of_box<Row>, settings_of_limit<Row>};
}
template <const ProcessLimit& Row>
constexpr KeyRow key_of_limit() {
  return {Row.key, Shape::scalar, "", "", 0, operand_of(Row.unit), Trust::tighten, form_of(Row.unit, kBytesForm), Row.help,
          apply_limit_of_process, widens_limit_of_process<Row>, settings_of_limit<Row>};
}

template <const auto& Limits>
constexpr auto keys_of_limits() {
  return []<size_t... Row>(std::index_sequence<Row...>) {
    return std::array{key_of_limit<Limits[Row]>()...};
  }(std::make_index_sequence<std::size(Limits)>());
}

constexpr auto kVolumesHelp = listed(kVolumeNames, " ", " ", "gives a volume (", ") limits of its own");

constexpr auto kLimitsHelp = listed(kBoxLimitNames, ", ", ", ", "limits of the step: ", ", and those of each process");
constexpr auto kOptionalHelp =
    listed(kBoxLimitNames, ", ", ", ", "runs without this limit (", ") where the host cannot enforce it");

constexpr RecordField kVolumeFields[] = {{"size", kSizeForm}, {"inodes", kCountForm}};

constexpr KeyRow kFirstKeys[] = {
    // key, shape, option, variable, separator, operand, trust, expected, help, apply, widening, settings, words
    {"workspace.size", Shape::scalar, "--size", "STEPBOX_SIZE", 0, "SIZE", Trust::tighten, kSizeForm,
     "how much the workspace may hold, in bytes or percent of the memory", apply_size, widens_size, settings_of_size},
    {"workspace.inodes", Shape::scalar, "--inodes", "STEPBOX_INODES", 0, "COUNT", Trust::tighten, kCountForm,
     "how many files and directories the workspace may hold", apply_inodes, widens_inodes, settings_of_inodes},
    {"workspace.volumes", Shape::records, "--volume", "STEPBOX_VOLUME", ' ', "NAME=SIZE[,inodes=COUNT]", Trust::tighten,
     kVolumeForm, kVolumesHelp.view(), apply_volume, widens_volumes, settings_of_volumes, {}, kVolumeFields},

    choice<&Policy::isolation, kIsolations>("isolation", "--isolation", "STEPBOX_ISOLATION",
        "how the step is kept apart: full (a box), landlock (writes are confined) or env (variables only)"),

    choice<&Policy::source, kSourceModes>("source.mode", "--source", "STEPBOX_SOURCE",
        "what the step may do with the checkout: rw, ro, overlay (write, and the changes are discarded) or none"),
    // Names the one place outside the workspace that the step may write to.
    {"source.path", Shape::scalar, "--source-path", "STEPBOX_SOURCE_PATH", 0, kPathOperand, Trust::operator_only,
     kPathForm, "where the checkout is, when it is not the working directory", apply_source_path, nullptr, settings_of_source_path},
    choice<&Policy::root, kRootModes>("root", "--root", "STEPBOX_ROOT",
        "what the step sees of the host: ro (all of it, read-only), overlay (likewise, but writable: changes are discarded) or system (what programs need to run)"),
    choice<&Policy::home, kHomeModes>("home", "--home", "STEPBOX_HOME",
        "the step's home: fresh (empty), overlay (the real one without its caches, changes are discarded) or host (the real one)"),
    // The files may hold tokens and passwords.
    choice<&Policy::settings, kSettingsModes>("settings", "--settings", "STEPBOX_SETTINGS",
        "tools' settings files in a fresh home (~/.npmrc): hide, or show (read-only)"),

    {"environment.set", Shape::map, "--env", "STEPBOX_ENV", '\n', "NAME=VALUE", Trust::free,
     "a text; write \"\" for an empty one", "sets a variable for the step", apply_env_set, nullptr, settings_of_environment<EnvAction::set>},
    {"environment.unset", Shape::list, "--unset-env", "STEPBOX_UNSET_ENV", ',', "NAME", Trust::free, kNameForm,
     "takes a variable away from the step", apply_env_unset, nullptr, settings_of_environment<EnvAction::unset>},
    // A project must not bring back variables that the operator kept from the step (tokens, mostly).
    flag<&Policy::clear_environment, Wider::when_false>("environment.clear", "--clear-env", "STEPBOX_CLEAR_ENV",
        "gives the step none of the caller's variables but those kept"),
    {"environment.keep", Shape::list, "--keep-env", "STEPBOX_KEEP_ENV", ',', "PATTERN", Trust::tighten, kPatternForm,
     "keeps the caller's variables of this name when the rest is cleared", apply_env_keep, widens_env_keep, settings_of_environment<EnvAction::keep>},
    {"environment.redirect", Shape::map, "--redirect-env", "STEPBOX_REDIRECT_ENV", '\n', "NAME=VOLUME/PATH",
     Trust::free, kRedirectForm, "points a variable at a directory in the workspace", apply_env_redirect, nullptr, settings_of_environment<EnvAction::redirect>},

    // ro shows what a mask hides, and rw lets writes out of the box.
    {"filesystem.ro", Shape::list, "--ro", "STEPBOX_RO", ':', kPathOperand, Trust::operator_only, kPathForm,
     "shows a host path read-only", apply_ro, nullptr, settings_of_paths<PathAccess::ro>},
    {"filesystem.rw", Shape::list, "--rw", "STEPBOX_RW", ':', kPathOperand, Trust::operator_only, kPathForm,
     "lets the step write to a host path", apply_rw, nullptr, settings_of_paths<PathAccess::rw>},
    {"filesystem.hide", Shape::list, "--hide", "STEPBOX_HIDE", ':', kPathOperand, Trust::free, kPathForm,
     "hides a host path from the step", apply_hide, nullptr, settings_of_paths<PathAccess::hide>},

    choice<&Policy::network, kNetworkModes>("network", "--network", "STEPBOX_NETWORK",
        "which network the step has: host, loopback or none"),
    choice<&Policy::allow_nesting, kPermissions>("nesting", "--nesting", "STEPBOX_NESTING",
        "whether sandboxes may be made inside the box: allow or deny"),
    {"seccomp", Shape::scalar, "--seccomp", "STEPBOX_SECCOMP", 0, kNameOrFileOperand, Trust::tighten, kSeccompForm,
     "which system calls are refused: default, strict, off, or a profile of your own", apply_seccomp, widens_seccomp, settings_of_seccomp, kSeccompNames},
    choice<&Policy::allow_xattr, kPermissions>("xattr", "--xattr", "STEPBOX_XATTR",
        "whether the step may set extended attributes, as setcap and setfacl do: allow or deny"),
    flag<&Policy::seccomp_log, Wider::when_true>("seccomp-log", "--seccomp-log", "STEPBOX_SECCOMP_LOG",
        "refuses no system call, and lists those that would have been refused"),
    flag<&Policy::diff, Wider::when_false>("diff", "--diff", "STEPBOX_DIFF",
        "lists what the step changed in what it saw through an overlay, the largest first"),
    {"require", Shape::list, "--require", "STEPBOX_REQUIRE", ',', "PROTECTION", Trust::free, kProtectionForm,
     "refuses to run without this protection", apply_require, nullptr, settings_of_require, kProtectionNames},
    // The plan gives a project only what is offered to it.
    {"warm", Shape::list, "--warm", "STEPBOX_WARM", ',', "NAME", Trust::free, kWarmNameForm,
     "starts the tools' caches of this name with their newest saved state; repeatable", apply_warm, nullptr, settings_of_warm},
    operator_flag<&Policy::warm_save>("warm-save", "--warm-save", "STEPBOX_WARM_SAVE",
        "saves the caches named by --warm if the step succeeds"),
    {"warm-offer", Shape::list, "--warm-offer", "STEPBOX_WARM_OFFER", ',', "NAME", Trust::operator_only, kWarmNameForm,
     "lets a project policy read the warm cache of this name", apply_warm_offer, nullptr, settings_of_warm_offer},
    {"warm-caches", Shape::records, "--warm-cache", "STEPBOX_WARM_CACHE", ' ', "NAME=FIELD=VALUE[,...]", Trust::operator_only,
     kWarmSpecForm, kWarmSpecHelp.view(), apply_warm_cache, nullptr, settings_of_warm_caches, {}, kWarmFields},
    {"labels", Shape::map, "--label", "STEPBOX_LABEL", '\n', "NAME=VALUE", Trust::free, "a text of up to 256 bytes",
     "names the run in its report; repeatable", apply_label, nullptr, settings_of_labels},

    {"limits", Shape::group, "--limit", "STEPBOX_LIMIT", ',', "KEY=VALUE", Trust::free, "limits like {memory: 6GiB}",
     kLimitsHelp.view(), nullptr, nullptr},
};

constexpr KeyRow kFurtherKeys[] = {
    {"limits.optional", Shape::list, "", "", ',', "LIMIT", Trust::tighten, kBoxLimitForm,
     kOptionalHelp.view(), apply_optional_limit, widens_optional_limits, settings_of_optional_limits, kBoxLimitNames},
    {"limits.timeout", Shape::scalar, "--timeout", "STEPBOX_TIMEOUT", 0, "DURATION", Trust::tighten, kDurationForm,
     "ends the step after this long", apply_timeout, widens_timeout, settings_of_timeout},
    {"limits.silence", Shape::scalar, "--silence", "STEPBOX_SILENCE", 0, "DURATION", Trust::tighten, kDurationForm,
     "ends the step when it has written nothing to its stdout and stderr for this long", apply_silence,
     widens_silence, settings_of_silence},
    {"limits.grace", Shape::scalar, "--grace", "STEPBOX_GRACE", 0, "DURATION", Trust::tighten, kDurationForm,
     "how long the step has between SIGTERM and SIGKILL", apply_grace, widens_grace, settings_of_grace},
    // Into the checkout, which comes with the project. Where a project may not carry them, the plan says so.
    {"outputs", Shape::items, "--output", "STEPBOX_OUTPUT", '\n', "PATTERN", Trust::tighten, kOutputForm,
     "carries files out of the box: a pattern relative to the checkout, or below /box/out; repeatable", apply_output,
     widens_outputs, settings_of_outputs},
    {"outputs-to", Shape::scalar, "--outputs-to", "STEPBOX_OUTPUTS_TO", 0, kPathOperand, Trust::operator_only, kPathForm,
     "the directory that outputs replace as a whole, instead of going into the checkout", apply_outputs_to, nullptr,
     settings_of_outputs_to},
    {"outputs-manifest", Shape::scalar, "--outputs-manifest", "STEPBOX_OUTPUTS_MANIFEST", 0, kPathOperand,
     Trust::operator_only, kPathForm, "writes the SHA-256 digests of the outputs, for sha256sum -c", apply_outputs_manifest,
     nullptr, settings_of_outputs_manifest},
    unsupported("user", "--user", "STEPBOX_USER"),
    unsupported("devices", "", ""),
    unsupported("workspace.backing", "", ""),
};

template <size_t... Sizes>
consteval auto together(std::span<const KeyRow, Sizes>... parts) {
  std::array<KeyRow, (Sizes + ...)> rows{};
  auto at = rows.begin();
  ((at = std::ranges::copy(parts, at).out), ...);
  return rows;
}

constexpr auto kBoxLimitKeys = keys_of_limits<kBoxLimits>();
constexpr auto kProcessLimitKeys = keys_of_limits<kProcessLimits>();

// Whether the help of a choice names all its words.
consteval bool helps_with_words(const KeyRow& row) {
  if (row.operand != kModeOperand && row.operand != kNameOrFileOperand) return true;
  return !row.words.empty() && std::ranges::all_of(row.words, [&](std::string_view word) { return row.help.contains(word); });
}

// Whether a row has all that files, options, `policy show`, the schema and errors need.
consteval bool is_sound(const KeyRow& row) {
  if (row.key.empty() || row.help.empty()) return false;
  if (row.shape == Shape::unsupported) return true;
  const bool is_group = row.shape == Shape::group;
  return !row.expected.empty() && row.operand.empty() == (row.shape == Shape::flag) && (row.apply == nullptr) == is_group &&
         (row.settings == nullptr) == is_group && (row.widening != nullptr) == (row.trust == Trust::tighten) &&
         row.option.empty() == row.variable.empty() && helps_with_words(row);
}

[[maybe_unused]] consteval bool are_sound(std::span<const KeyRow> rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!is_sound(rows[i])) return false;
    for (size_t j = 0; j < i; ++j)
      if (rows[j].key == rows[i].key || (!rows[i].option.empty() && rows[j].option == rows[i].option)) return false;
  }
  return true;
}

constexpr auto kKeys = together(std::span(kFirstKeys), std::span(kBoxLimitKeys), std::span(kProcessLimitKeys), std::span(kFurtherKeys));
// Not with UBSan: GCC 12 then takes no function's address for a constant (GCC bug 71962).
#ifndef __SANITIZE_ADDRESS__
static_assert(are_sound(kKeys));
#endif

}  // namespace

std::span<const KeyRow> keys() {
  return kKeys;
}

const KeyRow* find_key(std::string_view key) {
  const auto* row = std::ranges::find(kKeys, key, &KeyRow::key);
  return row == kKeys.end() ? nullptr : row;
}

}  // namespace stepbox::policy
