// The way to a path of the host: whether the project or the step may have laid it.
#pragma once

#include <optional>
#include <string>

#include "model/plan.hpp"

namespace stepbox::hints {

struct HostWay {
  // A link on the way lies in the checkout, or in a place that the step could write to. The search stops there: the
  // link's author chose the target, and must not learn from a hint which files the host has.
  bool is_projects = false;
  std::optional<std::string> real = {};  // the path without links, if something is there
};
// `path` is absolute. Use it after the step: the links must not change meanwhile.
HostWay host_way(const Plan& plan, const std::string& path);

}  // namespace stepbox::hints
