#include "model/origin.hpp"

namespace stepbox {

const char* name_of(Layer layer) {
  switch (layer) {
    case Layer::built_in: return "built in";
    case Layer::site: return "site policy";
    case Layer::user: return "user policy";
    case Layer::project: return "project policy";
    case Layer::named: return "--policy";
    case Layer::environment: return "environment";
    case Layer::command_line: return "command line";
  }
  return "";
}

std::string Origin::text() const {
  std::string out = place;
  if (line > 0) out += ":" + std::to_string(line);
  if (line > 0 && column > 0) out += ":" + std::to_string(column);
  if (layer == Layer::built_in) out += out.empty() ? "built in" : " (built in)";
  return out;
}

}  // namespace stepbox
