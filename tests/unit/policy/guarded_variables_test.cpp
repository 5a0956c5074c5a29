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
  for (const char* name : {"LDFLAGS", "PATHS", "MYPATH", "CI", "GOFLAGS", "CARGO_HOME", "GIT_AUTHOR_DATE", "TMPDIR", "STEPBOX", "ld_preload", ""})
    CHECK(reason_against(name).empty());
}

TEST_CASE("the manual page lists every guarded variable", "[policy]") {
  std::ifstream file(STEPBOX_POLICY_MANUAL);
  std::ostringstream page;
  page << file.rdbuf();
  std::string text = page.str();
  for (char& c : text)
    if (c == '\n' || c == ',') c = ' ';
  for (const GuardedVariables& row : guarded_variables())
    for (const std::string_view pattern : split(row.patterns, ' ')) {
      INFO(pattern);
      CHECK(text.contains(" " + std::string(pattern) + " "));
    }
}
