// The prompt of `stepbox shell` says that it is in a box.
#pragma once

#include <string_view>

#include "model/plan.hpp"

namespace stepbox::plan {

inline constexpr std::string_view kPromptMark = "(stepbox) ";

// For a plan whose command is one of the shells that are known here: it reads the caller's start-up files, where the box
// shows them, and then puts the mark before whatever prompt they made. Other shells are left alone.
void mark_prompt(Plan& plan);

}  // namespace stepbox::plan
