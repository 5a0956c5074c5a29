#include <catch2/catch.hpp>
#include <set>

#include "model/origin.hpp"
#include "model/policy.hpp"
#include "model/protection.hpp"

using namespace stepbox;

TEST_CASE("an origin in a file names file, line and column", "[model]") {
  CHECK(Origin{Layer::project, "ci.yaml", 3, 9}.text() == "ci.yaml:3:9");
  CHECK(Origin{Layer::site, "/etc/stepbox/site.yaml", 12}.text() == "/etc/stepbox/site.yaml:12");
}

TEST_CASE("an origin without lines is the option or the variable", "[model]") {
  CHECK(Origin{Layer::command_line, "--size"}.text() == "--size");
  CHECK(Origin{Layer::environment, "STEPBOX_SIZE"}.text() == "STEPBOX_SIZE");
}

TEST_CASE("what is built in says so", "[model]") {
  CHECK(Origin{}.text() == "built in");
  CHECK(Origin{Layer::built_in, "default", 12}.text() == "default:12 (built in)");
}

TEST_CASE("a column without a line is not printed", "[model]") {
  CHECK(Origin{Layer::user, "config.yaml", 0, 4}.text() == "config.yaml");
}

TEST_CASE("layers are ordered, weakest first", "[model]") {
  CHECK(Layer::built_in < Layer::site);
  CHECK(Layer::site < Layer::user);
  CHECK(Layer::user < Layer::project);
  CHECK(Layer::environment < Layer::command_line);
}

TEST_CASE("every layer has a name of its own", "[model]") {
  std::set<std::string> names;
  for (int layer = 0; layer <= static_cast<int>(Layer::command_line); ++layer)
    names.insert(name_of(static_cast<Layer>(layer)));
  CHECK(names.size() == static_cast<size_t>(Layer::command_line) + 1);
  CHECK(names.count("") == 0);
}

TEST_CASE("modes are spelled as the policy spells them", "[model]") {
  CHECK(std::string(name_of(SourceMode::rw)) == "rw");
  CHECK(std::string(name_of(SourceMode::ro)) == "ro");
  CHECK(std::string(name_of(SourceMode::none)) == "none");
  CHECK(std::string(name_of(RootMode::ro)) == "ro");
  CHECK(std::string(name_of(RootMode::system)) == "system");
  CHECK(std::string(name_of(HomeMode::fresh)) == "fresh");
  CHECK(std::string(name_of(HomeMode::host)) == "host");
  CHECK(std::string(name_of(NetworkMode::host)) == "host");
  CHECK(std::string(name_of(NetworkMode::loopback)) == "loopback");
  CHECK(std::string(name_of(NetworkMode::none)) == "none");
  CHECK(std::string(name_of(PathAccess::hide)) == "hide");
}

TEST_CASE("protection states and names are distinct words", "[model]") {
  CHECK(std::string(name_of(ProtectionState::active)) == "active");
  CHECK(std::string(name_of(ProtectionState::degraded)) == "degraded");
  CHECK(std::string(name_of(ProtectionState::off)) == "off");
  const std::set<std::string_view> names(std::begin(kProtectionNames), std::end(kProtectionNames));
  CHECK(names.size() == std::size(kProtectionNames));
}
