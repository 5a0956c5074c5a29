// The registry as text: the C++ tables that are compiled in, and the plain list for scripts.
#pragma once

#include <span>
#include <string>

#include "caches/registry_source.hpp"

namespace stepbox::caches::source {

// A C++ file that defines what registry_tables.hpp declares.
std::string cpp_tables(std::span<const Tool> tools);

// A line for each redirect: VARIABLE<TAB>value<TAB>directory|parent|none<TAB>mode
std::string redirect_list(std::span<const Tool> tools);

}  // namespace stepbox::caches::source
