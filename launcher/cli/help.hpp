// The help texts and the version.
#pragma once

#include <string>
#include <string_view>

namespace stepbox::cli {

std::string general_help();
// Of a subcommand; the general help for a word that is none.
std::string help_for(std::string_view subcommand);
std::string version_text();

}  // namespace stepbox::cli
