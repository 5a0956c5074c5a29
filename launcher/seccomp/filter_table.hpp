// The compiled filters. compile_filter.cpp writes these tables at build time.
#pragma once

#include <span>
#include <string_view>

#include "model/seccomp.hpp"
#include "seccomp/profile.hpp"

namespace stepbox::seccomp {

extern const std::span<const SeccompFilter> kBuiltinFilters;
// The same, in the same order, for steps that may set extended attributes.
extern const std::span<const SeccompFilter> kBuiltinFiltersWithAttributes;
// Their YAML, for files that extend them.
extern const std::span<const ProfileSource> kBuiltinSources;

}  // namespace stepbox::seccomp
