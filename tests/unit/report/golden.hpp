// The files that reports are compared with.
#pragma once

#include <string>

namespace stepbox::test {

// A file of golden/, with the version of this build.
std::string golden(const std::string& name);

}  // namespace stepbox::test
