#include "model/outputs.hpp"

namespace stepbox {

const char* name_of(OutputWhen when) { return when == OutputWhen::always ? "always" : "success"; }

const char* name_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::file: return "file";
    case OutputKind::link: return "link";
    case OutputKind::directory: return "directory";
  }
  return "";
}

const char* name_of(CarriedOutputs::State state) {
  switch (state) {
    case CarriedOutputs::State::none: return "none";
    case CarriedOutputs::State::recorded: return "recorded";
    case CarriedOutputs::State::carried: return "carried-out";
    case CarriedOutputs::State::failed: return "failed";
  }
  return "";
}

}  // namespace stepbox
