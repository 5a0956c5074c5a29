#include "policy/guarded_variables.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "base/text.hpp"

using namespace stepbox;
using namespace stepbox::policy;

TEST_CASE("a variable is guarded by its name or by a pattern, and nothing else is", "[policy]") {
  CHECK_FALSE(reason_against("LD_PRELOAD").empty());
  CHECK_FALSE(reason_against("LD_").empty());
  CHECK_FALSE(reason_against("http_proxy").empty());
  CHECK_FALSE(reason_against("PATH").empty());
  for (const char* name : {"LDFLAGS", "PATHS", "MYPATH", "CI", "CFLAGS", "RUSTFLAGS", "CGO_ENABLED", "CARGO_TARGET_DIR", "GIT_AUTHOR_DATE",
                           "AWS_PROFILE", "GOOS", "PYTHONUNBUFFERED", "BUNDLE_WITHOUT", "XDG_CACHE_HOME", "NODE_ENV", "TMPDIR", "STEPBOX", "ld_preload", ""})
    CHECK(reason_against(name).empty());
}

TEST_CASE("what makes a program run a project's code or ask its server is guarded", "[policy]") {
  for (const char* name :
       {"OPENSSL_CONF", "OPENSSL_MODULES", "TAR_OPTIONS", "PYTHONPYCACHEPREFIX", "CURL_HOME", "WGETRC", "HGRCPATH", "GEM_HOME", "GEM_PATH",
        "BUNDLE_GEMFILE", "RSYNC_RSH", "CVS_RSH", "SVN_SSH", "GNUPGHOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_HOME",
        "KUBECONFIG", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "DOCKER_HOST", "DOCKER_CONFIG", "PIP_INDEX_URL", "UV_INDEX_URL",
        "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ALLOW_PROTOCOL", "GIT_WORK_TREE", "CARGO_REGISTRIES_X_INDEX",
        "CARGO_HOME", "GOPROXY", "GOSUMDB", "GONOSUMCHECK", "GOFLAGS", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS", "NODE_OPTIONS",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "RUSTC_WRAPPER"}) {
    INFO(name);
    CHECK_FALSE(reason_against(name).empty());
  }
}

TEST_CASE("programs that read a variable in any case have it guarded in any case", "[policy]") {
  for (const char* name : {"npm_config_registry", "NPM_CONFIG_REGISTRY", "Npm_Config_script_shell", "HTTPS_PROXY", "https_proxy", "Https_Proxy"}) {
    INFO(name);
    CHECK_FALSE(reason_against(name).empty());
  }
}

TEST_CASE("a guarded variable of options may hold harmless ones", "[policy]") {
  for (const char* value : {"-mod=vendor", "-buildvcs=false  -trimpath", "-tags=a,b", ""}) {
    INFO(value);
    CHECK(reason_against("GOFLAGS", value).empty());
  }
  for (const char* value : {"-toolexec=./evil", "-mod=vendor -toolexec=./evil", "-tags=a\t-toolexec=./evil", "'-tags=a -toolexec=x'", "-overlay=o.json",
                            "-buildvcs=x\n-toolexec=y", "-modfile=go.mod2"}) {
    INFO(value);
    CHECK_FALSE(reason_against("GOFLAGS", value).empty());
  }
  CHECK(reason_against("NODE_OPTIONS", "--max-old-space-size=4096").empty());
  CHECK_FALSE(reason_against("NODE_OPTIONS", "--require=./evil.js").empty());
  CHECK(reason_against("MAVEN_OPTS", "-Xmx2g").empty());
  CHECK_FALSE(reason_against("MAVEN_OPTS", "-javaagent:evil.jar").empty());
  CHECK_FALSE(reason_against("PATH", "-Xmx2g").empty());
  CHECK(reason_against("CFLAGS", "-O2").empty());
}

TEST_CASE("the manual page lists every guarded variable", "[policy]") {
  std::ifstream file(STEPBOX_POLICY_MANUAL);
  std::ostringstream page;
  page << file.rdbuf();
  std::string text = page.str();
  for (char& c : text)
    if (c == '\n' || c == ',') c = ' ';
  const auto lists_all = [&text](std::string_view words) {
    for (const std::string_view word : split(words, ' ')) {
      INFO(word);
      CHECK((word.empty() || text.contains(" " + std::string(word) + " ")));
    }
  };
  for (const GuardedVariables& row : guarded_variables()) {
    lists_all(row.patterns);
    lists_all(row.free);
  }
  for (const HarmlessOptions& row : harmless_options()) lists_all(row.variable);
}
