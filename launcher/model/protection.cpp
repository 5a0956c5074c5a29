#include "model/protection.hpp"

namespace stepbox {

const char* name_of(ProtectionState state) {
  switch (state) {
    case ProtectionState::active: return "active";
    case ProtectionState::degraded: return "degraded";
    case ProtectionState::off: return "off";
  }
  return "";
}

}  // namespace stepbox
