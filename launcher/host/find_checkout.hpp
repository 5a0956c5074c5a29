// Where the checkout is, seen from the working directory.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/host_facts.hpp"

namespace stepbox::host {

// The top of the work tree that facts.cwd is in: the nearest directory at or above it with a mark of version control or
// of stepbox, since a build in a subdirectory reads what lies above it; else facts.cwd itself. Sets facts.checkout,
// checkout_is_marked and who owns it; needs the homes, which are no checkout. Error: a directory or mark cannot be
// looked at, so that neither the checkout nor the project's policy is known.
Result<> find_checkout(HostFacts& facts);

// Sets who owns the checkout; nothing where there is nothing at the path.
Result<> find_checkout_owner(HostFacts& facts, const std::string& checkout);

}  // namespace stepbox::host
