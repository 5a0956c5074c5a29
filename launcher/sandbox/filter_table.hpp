// What the compiled filter looks like. The tables are written by compile_filter.cpp at build time.
#pragma once

#include <linux/filter.h>

#include <span>

#include "sandbox/seccomp.hpp"

namespace stepbox::sandbox {

extern const std::span<const sock_filter> kFilterProgram;
extern const std::span<const FilterRule> kFilterRules;

}  // namespace stepbox::sandbox
