// The policy's JSON Schema, made from the table of keys, so that editors complete and check policies.
#pragma once

#include <string>

namespace stepbox::policy {

// The schema as indented JSON (draft 2020-12), with a newline at the end.
std::string json_schema();

}  // namespace stepbox::policy
