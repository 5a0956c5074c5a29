// Marks the prompt of `stepbox shell`, so that the user sees that the shell is in a box.
#pragma once

#include <string_view>

#include "model/plan.hpp"

namespace stepbox::plan {

inline constexpr std::string_view kPromptMark = "(stepbox) ";

// If the plan's command is a shell that stepbox knows, the shell reads the caller's start-up files, where the box
// shows them, and then puts the mark before the prompt that they set. Leaves other shells alone.
void mark_prompt(Plan& plan);

}  // namespace stepbox::plan
