#include "model/limits.hpp"

namespace stepbox {

std::string amount_text(LimitUnit unit, uint64_t amount) {
  switch (unit) {
    case LimitUnit::bytes: return human_bytes(amount);
    case LimitUnit::count: return std::to_string(amount);
    case LimitUnit::cores: return cores_text(amount);
  }
  return {};
}

}  // namespace stepbox
