#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "model/host_facts.hpp"

namespace stepbox::host {

// What the absolute path stands for: its kind, where it really is, and the links that lead there. Nothing if it does
// not exist.
Result<std::optional<HostFacts::NamedPath>> look_at(const std::string& path);

}  // namespace stepbox::host
