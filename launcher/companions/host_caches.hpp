// Where the caller's own tools keep, outside of boxes, what a warm cache covers. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace stepbox::companions {

// The places where the directory of a warm cache ("cache/go-build") may be on the host, the likeliest first: where the
// tool's variable points to, then where the tool looks without one ("~/.cache/go-build"), with `home` for the home.
// Empty if the registry does not say. `variable` returns a variable's value, or "".
std::vector<std::string> host_places(std::string_view directory, const std::string& home,
                                     const std::function<std::string(const char*)>& variable);

}  // namespace stepbox::companions
