// The sentences for failures in init or step, which could only send two integers.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sandbox/channel.hpp"

namespace stepbox::sandbox {

// For a stage of init or step; `index` is the call's place in plan.files.mounts for Stage::mount and id_map.
Error failure_text(const Plan& plan, Stage stage, int index, int number);

// For the clone that makes the box: why the kernel refuses namespaces, and the remedy.
Error clone_failure_text(const Plan& plan, int number);

// For a process of the box that ended before the step's execve without a message; `status` is as of wait(2). A
// process that cannot send its message exits with the errno as its exit code.
Error early_end_text(const Plan& plan, std::string_view process, int status);

}  // namespace stepbox::sandbox
