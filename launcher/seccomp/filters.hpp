// The filter that a policy names: a built-in profile, compiled when stepbox was built so that a run only loads
// it; a file of the user's own, compiled now; or none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "model/seccomp.hpp"

namespace stepbox::seccomp {

// Whether the step may set extended attributes (setxattr(2)), which the built-in profiles refuse.
enum class Attributes : uint8_t { as_profile, allowed };

// `profile` is "default", "strict", "off", or the absolute path of a file.
Result<std::shared_ptr<const SeccompFilter>> find_filter(const std::string& profile,
                                                         Attributes attributes = Attributes::as_profile);

}  // namespace stepbox::seccomp
