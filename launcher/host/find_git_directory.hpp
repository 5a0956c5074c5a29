// Finds the git directory of a checkout whose own `.git` is a file: a linked work tree, or a submodule (gitrepository-layout(5)).
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/host_facts.hpp"

namespace stepbox::host {

// Fills facts.git_directory, or facts.git_directory_problem, for a checkout. A `.git` file comes with the code under
// test and can name any directory. So the directory counts only if it names the checkout in return, in a file that only
// its owner could write, and if that owner is root, the caller or the checkout's owner. No symbolic link may be on the
// way to it.
void find_git_directory(HostFacts& facts, const std::string& checkout);

}  // namespace stepbox::host
