// Extended attributes of an entry in a directory, which is neither followed nor opened: fgetxattr(2) refuses an O_PATH
// descriptor, so the way is through /proc/self/fd.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stepbox::sys {

// The value; nothing where the entry has no such attribute, or it cannot be read.
std::optional<std::string> attribute_of(int directory, const char* name, const char* attribute);

// Whether two entries have the same extended attributes but those whose names begin with one of `apart_from`. An entry
// whose attributes cannot be read has none.
bool have_same_attributes(int directory, const char* name, int other_directory, const char* other_name,
                          std::span<const std::string_view> apart_from);
// The same for open files, which is faster.
bool have_same_attributes(int one, int other, std::span<const std::string_view> apart_from);

}  // namespace stepbox::sys
