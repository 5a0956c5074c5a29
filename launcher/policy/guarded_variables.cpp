#include "policy/guarded_variables.hpp"

#include <algorithm>
#include <string>

#include "base/text.hpp"

namespace stepbox::policy {
namespace {

constexpr GuardedVariables kGuarded[] = {
    {"LD_* DYLD_*", "the dynamic linker takes libraries from it, for every program"},
    // The variables that libc ignores in set-user-id programs (sysdeps/generic/unsecvars.h), except TMPDIR.
    {"GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_* NIS_PATH NLSPATH RESOLV_HOST_CONF "
     "RES_OPTIONS TZDIR",
     "libc takes code, files or settings from it, for every program"},
    {"OPENSSL_*", "libcrypto loads the modules that it names, for every program"},
    {"PATH", "it decides which programs are run"},
    {"HOME XDG_CONFIG_HOME XDG_CONFIG_DIRS XDG_DATA_HOME XDG_DATA_DIRS CURL_HOME WGETRC GNUPGHOME RIPGREP_CONFIG_PATH",
     "programs take settings from there, and many settings name a command or a server"},
    {"ENV BASH_ENV BASH_FUNC_* BASHOPTS SHELLOPTS PROMPT_COMMAND PS4 IFS ZDOTDIR", "shells run what it names, or read scripts differently"},
    {"SHELL EDITOR VISUAL PAGER MANPAGER BROWSER LESSOPEN LESSCLOSE SSH_ASKPASS SUDO_ASKPASS *_RSH SVN_SSH",
     "programs run what it names"},
    {"TAR_OPTIONS ZIPOPT", "archivers take options from it, and some options name a command"},
    {"PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS PYTHONEXECUTABLE "
     "PYTHONPYCACHEPREFIX",
     "Python loads code from where it says, for every script"},
    {"PERL5OPT PERL5LIB PERL5DB PERLLIB", "Perl loads code from where it says, for every script"},
    {"RUBYOPT RUBYLIB", "Ruby loads code from where it says, for every script"},
    {"GEM_* BUNDLE_*", "Ruby's package managers load code from where it says, or ask the server that it names",
     Case::as_written, "BUNDLE_WITHOUT BUNDLE_WITH BUNDLE_DEPLOYMENT BUNDLE_FROZEN BUNDLE_JOBS BUNDLE_RETRY"},
    {"NODE_OPTIONS NODE_PATH", "Node loads code from where it says, for every script"},
    {"npm_config_* yarn_* pnpm_config_* corepack_*",
     "Node's package managers take settings from it, and some settings name a command or a server", Case::any},
    {"PIP_* UV_* POETRY_* PIPENV_* PDM_*",
     "Python's package managers take settings from it, and some settings name a server or a place of code", Case::as_written,
     "PIP_NO_INPUT PIP_DISABLE_PIP_VERSION_CHECK PIP_PROGRESS_BAR PIP_NO_CACHE_DIR UV_NO_PROGRESS UV_LINK_MODE UV_NO_CACHE"},
    {"JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH", "Java loads code from where it says, for every program"},
    {"JAVA_OPTS MAVEN_OPTS MAVEN_ARGS GRADLE_OPTS GRADLE_USER_HOME SBT_OPTS ANT_OPTS ANT_ARGS",
     "a build tool loads code from where it says, whatever it is asked to do"},
    {"DOTNET_STARTUP_HOOKS CORECLR_* COR_*", ".NET loads code from where it says, for every program"},
    {"PHPRC PHP_INI_SCAN_DIR LUA_INIT* LUA_PATH* LUA_CPATH* R_PROFILE* R_ENVIRON*",
     "an interpreter loads code from where it says, for every script"},
    {"GOFLAGS GOENV GOROOT GOPATH GOMODCACHE GOCACHE GOCACHEPROG GOPROXY GOSUMDB GONOSUMDB GONOSUMCHECK GONOPROXY GOPRIVATE "
     "GOINSECURE GOVCS GOAUTH",
     "the go command runs what it names, takes code from there, or trusts another server"},
    {"CARGO CARGO_HOME CARGO_REGISTRY_* CARGO_REGISTRIES_* CARGO_SOURCE_* CARGO_HTTP_* CARGO_NET_GIT_FETCH_WITH_CLI CARGO_ALIAS_* "
     "CARGO_BUILD_RUSTC* CARGO_BUILD_RUSTDOC CARGO_TARGET_*_LINKER CARGO_TARGET_*_RUNNER RUSTC RUSTC_WRAPPER "
     "RUSTC_WORKSPACE_WRAPPER RUSTDOC RUSTUP_*",
     "cargo runs what it names, takes settings from it, or trusts another server"},
    {"GIT_*", "git runs what it names, takes settings from it, or trusts another server", Case::as_written,
     "GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE "
     "GIT_TERMINAL_PROMPT GIT_OPTIONAL_LOCKS"},
    {"HG HGRCPATH HGEDITOR HGMERGE", "Mercurial runs what it names, or takes settings from it"},
    {"MAKEFILES MAKEFLAGS GNUMAKEFLAGS MFLAGS", "make reads rules from it, for every makefile"},
    {"KUBECONFIG HELM_* AWS_* DOCKER_* CLOUDSDK_* AZURE_* GOOGLE_APPLICATION_CREDENTIALS",
     "a client takes settings from it, runs what it names, or sends to another server or account", Case::as_written,
     "AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION DOCKER_BUILDKIT"},
    // Python reads these in any case.
    {"*_proxy", "programs send what they send to the server that it names", Case::any},
    {"SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED",
     "programs trust the servers that it vouches for"},
    {"STEPBOX_*", "a stepbox that the step runs takes it for its operator's word"},
};

constexpr HarmlessOptions kHarmlessOptions[] = {
    {"GOFLAGS", "-mod=vendor -mod=readonly -mod=mod -buildvcs=* -trimpath -tags=* -race -v -p=* -count=*"},
    {"NODE_OPTIONS", "--max-old-space-size=* --max_old_space_size=*"},
    {"JAVA_TOOL_OPTIONS", "-Xmx* -Xms* -Xss*"},
    {"JAVA_OPTS", "-Xmx* -Xms* -Xss*"},
    {"MAVEN_OPTS", "-Xmx* -Xms* -Xss*"},
    {"GRADLE_OPTS", "-Xmx* -Xms* -Xss* -Dorg.gradle.daemon=*"},
};

// A-Z alone: the names of variables are ASCII.
std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool matches_one(std::string_view patterns, std::string_view text) {
  return std::ranges::any_of(split(patterns, ' '), [text](std::string_view pattern) { return matches_pattern(pattern, text); });
}

bool is_guarded_by(const GuardedVariables& row, std::string_view variable) {
  const bool is_named = matches_one(row.patterns, row.spelling == Case::any ? in_lower_case(variable) : std::string(variable));
  return is_named && (row.free.empty() || !matches_one(row.free, variable));
}

// Quotes, tabs and the like could hide a second option in a word, so they make a value harmful.
bool is_plain(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(" -_=.,+").contains(c);
  });
}

bool is_harmless(std::string_view variable, std::string_view value) {
  const auto* row = std::ranges::find(kHarmlessOptions, variable, &HarmlessOptions::variable);
  if (row == std::end(kHarmlessOptions) || !is_plain(value)) return false;
  return std::ranges::all_of(split(value, ' '), [row](std::string_view word) { return word.empty() || matches_one(row->patterns, word); });
}

}  // namespace

std::span<const GuardedVariables> guarded_variables() { return kGuarded; }
std::span<const HarmlessOptions> harmless_options() { return kHarmlessOptions; }

std::string_view reason_against(std::string_view variable) {
  for (const GuardedVariables& row : kGuarded)
    if (is_guarded_by(row, variable)) return row.reason;
  return {};
}

std::string_view reason_against(std::string_view variable, std::string_view value) {
  return is_harmless(variable, value) ? std::string_view() : reason_against(variable);
}

}  // namespace stepbox::policy
