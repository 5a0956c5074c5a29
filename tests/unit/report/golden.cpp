#include "report/golden.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

namespace stepbox::test {

std::string golden(const std::string& name) {
  std::ifstream file(std::string(STEPBOX_GOLDEN) + "/" + name);
  REQUIRE(file);
  std::ostringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  const std::string mark = "@VERSION@";
  if (const size_t at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), STEPBOX_VERSION);
  return text;
}

}  // namespace stepbox::test
