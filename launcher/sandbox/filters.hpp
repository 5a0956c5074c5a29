// Which filter the word of a policy stands for: a built-in profile, compiled when stepbox was built so that a
// run does nothing but load it; a file of the user's own, compiled now; or none.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "model/seccomp.hpp"

namespace stepbox::sandbox {

// `profile` is "default", "strict", "off", or the absolute path of a file.
Result<std::shared_ptr<const SeccompFilter>> find_filter(const std::string& profile);

}  // namespace stepbox::sandbox
