// The subjects of `stepbox explain`, one function each. A new subject is a function and a row in the table of
// explain.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/columns.hpp"
#include "explain/explain.hpp"

namespace stepbox::explain {

using Rows = std::vector<Row>;  // none: the subject is left out

Rows step_rows(const Planned& planned, Detail detail);
Rows no_box_rows(const Planned& planned, Detail detail);
Rows workspace_rows(const Planned& planned, Detail detail);
Rows file_system_rows(const Planned& planned, Detail detail);
Rows output_rows(const Planned& planned, Detail detail);
Rows settings_rows(const Planned& planned, Detail detail);
Rows cache_rows(const Planned& planned, Detail detail);
Rows environment_rows(const Planned& planned, Detail detail);
Rows network_rows(const Planned& planned, Detail detail);
Rows limit_rows(const Planned& planned, Detail detail);
Rows system_call_rows(const Planned& planned, Detail detail);
Rows protection_rows(const Planned& planned, Detail detail);
Rows rest_rows(const Planned& planned, Detail detail);

// "[ci.yaml:3:9]" as one piece. Empty for a value without an origin; brief also leaves out the built-in default's
// choices.
Phrase from(const Origin& origin, Detail detail);

// A sentence from a file, safe to print. Unlike a path, it keeps its apostrophes as they are.
std::string prose(std::string_view text);

// The first names of a long list, and the number of the others; `whole` lists all.
Phrase some_of(const std::vector<std::string>& names, Detail detail);

}  // namespace stepbox::explain
