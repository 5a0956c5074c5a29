#include "model/policy.hpp"

namespace stepbox {

namespace {

template <class Mode, size_t Count>
const char* word_of(Mode mode, const Word<Mode> (&words)[Count]) {
  for (const Word<Mode>& known : words)
    if (known.mode == mode) return known.word.data();
  return "";
}

}  // namespace

const char* name_of(Isolation isolation) { return word_of(isolation, kIsolations); }
const char* name_of(SourceMode mode) { return word_of(mode, kSourceModes); }
const char* name_of(RootMode mode) { return word_of(mode, kRootModes); }
const char* name_of(HomeMode mode) { return word_of(mode, kHomeModes); }
const char* name_of(SettingsMode mode) { return word_of(mode, kSettingsModes); }
const char* name_of(NetworkMode mode) { return word_of(mode, kNetworkModes); }

const char* name_of(PathAccess access) {
  switch (access) {
    case PathAccess::ro: return "ro";
    case PathAccess::rw: return "rw";
    case PathAccess::hide: return "hide";
  }
  return "";
}

}  // namespace stepbox
