// Whether a caller's box can have overlays here.
#pragma once

#include "support/caller.hpp"

namespace stepbox::feature {

// Root's can. An ordinary user's need attributes in user.* on tmpfs, which Linux has from 6.6 on.
bool has_overlays(Caller caller);

// Where it cannot: that stepbox refuses an overlay before the step starts, and names the cause.
void check_refusal_of_overlays(Caller caller);

}  // namespace stepbox::feature
