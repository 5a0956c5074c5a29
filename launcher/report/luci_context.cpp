#include "report/luci_context.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"

namespace stepbox::report {
namespace {

using Json = nlohmann::json;

// A number of seconds that is not negative; nothing where the key is missing.
Result<std::optional<double>> seconds_in(const Json& section, const char* key) {
  const auto found = section.find(key);
  if (found == section.end()) return std::nullopt;
  const double value = found->is_number() ? found->get<double>() : -1;
  if (!std::isfinite(value) || value < 0) return fail(std::string("deadline.") + key + " is not a number of seconds");
  return value;
}

}  // namespace

Result<OuterDeadline> parse_luci_deadline(const std::string& text) {
  const Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) return fail("it is not a JSON object");
  OuterDeadline deadline;
  const auto section = root.find("deadline");
  if (section == root.end()) return deadline;
  if (!section->is_object()) return fail("deadline is not an object");
  TRY_ASSIGN(const auto soft, seconds_in(*section, "soft_deadline"));
  TRY_ASSIGN(const auto grace, seconds_in(*section, "grace_period"));
  deadline.soft_deadline = soft.value_or(0);
  deadline.grace = grace.value_or(deadline.grace);
  return deadline;
}

}  // namespace stepbox::report
