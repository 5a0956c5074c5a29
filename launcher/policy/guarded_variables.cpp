#include "policy/guarded_variables.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stepbox::policy {
namespace {

constexpr GuardedVariables kGuarded[] = {
    {"LD_* DYLD_*", "the dynamic linker takes libraries from it, for every program"},
    // The variables that libc ignores in set-user-id programs (sysdeps/generic/unsecvars.h), except TMPDIR.
    {"GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_* NIS_PATH NLSPATH RESOLV_HOST_CONF "
     "RES_OPTIONS TZDIR",
     "libc takes code, files or settings from it, for every program"},
    {"PATH", "it decides which programs are run"},
    {"HOME XDG_CONFIG_HOME XDG_CONFIG_DIRS", "programs take settings from there, and many settings name a command"},
    {"ENV BASH_ENV BASH_FUNC_* BASHOPTS SHELLOPTS PROMPT_COMMAND PS4 IFS ZDOTDIR", "shells run what it names, or read scripts differently"},
    {"SHELL EDITOR VISUAL PAGER MANPAGER BROWSER LESSOPEN LESSCLOSE SSH_ASKPASS SUDO_ASKPASS", "programs run what it names"},
    {"PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS PYTHONEXECUTABLE",
     "Python loads code from where it says, for every script"},
    {"PERL5OPT PERL5LIB PERL5DB PERLLIB", "Perl loads code from where it says, for every script"},
    {"RUBYOPT RUBYLIB", "Ruby loads code from where it says, for every script"},
    {"NODE_OPTIONS NODE_PATH", "Node loads code from where it says, for every script"},
    {"JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH", "Java loads code from where it says, for every program"},
    {"DOTNET_STARTUP_HOOKS CORECLR_* COR_*", ".NET loads code from where it says, for every program"},
    {"PHPRC PHP_INI_SCAN_DIR LUA_INIT* LUA_PATH* LUA_CPATH* R_PROFILE* R_ENVIRON*",
     "an interpreter loads code from where it says, for every script"},
    {"GIT_CONFIG* GIT_DIR GIT_COMMON_DIR GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_SSH* GIT_ASKPASS GIT_PROXY_COMMAND "
     "GIT_EXTERNAL_DIFF GIT_PAGER GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSL_*",
     "git runs what it names, takes settings from it, or trusts another server"},
    {"MAKEFILES MAKEFLAGS GNUMAKEFLAGS MFLAGS", "make reads rules from it, for every makefile"},
    {"*_PROXY *_proxy SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS "
     "NODE_TLS_REJECT_UNAUTHORIZED",
     "programs trust the server that it names, or send their traffic through it"},
    {"STEPBOX_*", "a stepbox inside the step would take it for its operator's word"},
};

}  // namespace

std::span<const GuardedVariables> guarded_variables() { return kGuarded; }

std::string_view reason_against(std::string_view variable) {
  for (const GuardedVariables& row : kGuarded)
    for (const std::string_view pattern : split(row.patterns, ' '))
      if (matches_pattern(pattern, variable)) return row.reason;
  return {};
}

}  // namespace stepbox::policy
