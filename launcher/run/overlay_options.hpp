// Which options the kernel granted an overlay. Pure.
#pragma once

#include <functional>
#include <string_view>

namespace stepbox::run {

// The first of `metacopy` and `index` that an overlay lacks; empty if it has both. `listed` are its options as
// /proc/PID/mountinfo has them: the kernel lists an option only where it differs from the module's default
// (ovl_show_options() in fs/overlayfs/params.c), which `is_default` knows.
std::string_view missing_option(std::string_view listed, const std::function<bool(std::string_view option)>& is_default);

}  // namespace stepbox::run
