// The sentences for what failed in init or step, which could only send two integers.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sandbox/channel.hpp"

namespace stepbox::sandbox {

// For a stage of init or step; `index` is the call's place in plan.mounts for Stage::mount and id_map.
Error failure_text(const Plan& plan, Stage stage, int index, int number);

// For the clone that makes the box: why namespaces are refused, and what to do about it.
Error clone_failure_text(const Plan& plan, int number);

// For a process of the box that ended before the step's execve without a message; `status` is as of wait(2). One whose
// message cannot be sent ends with the errno as its exit code.
Error early_end_text(const Plan& plan, std::string_view process, int status);

}  // namespace stepbox::sandbox
