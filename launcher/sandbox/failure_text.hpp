// The sentences for what failed in init or step, which could only send two integers.
#pragma once

#include "base/result.hpp"
#include "model/plan.hpp"
#include "sandbox/channel.hpp"

namespace stepbox::sandbox {

// For a stage of init or step; `index` is the call's place in plan.mounts for Stage::mount and id_map.
Error failure_text(const Plan& plan, Stage stage, int index, int number);

// For the clone that makes the box: why namespaces are refused, and what to do about it.
Error clone_failure_text(const Plan& plan, int number);

}  // namespace stepbox::sandbox
