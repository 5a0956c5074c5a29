// Finds the checkout, starting from the working directory.
#pragma once

#include <string>

#include "base/result.hpp"
#include "model/host_facts.hpp"

namespace stepbox::host {

// Finds the top of the work tree around facts.cwd: the nearest directory at or above it with a mark of version
// control or of stepbox, because a build in a subdirectory reads files above it. Without a mark, facts.cwd itself is
// the checkout. Sets facts.checkout, facts.checkout_is_marked and the checkout's owner. Needs the homes, which are no
// checkouts. Error: a directory or mark could not be looked at, so that neither the checkout nor the project's policy
// is known.
Result<> find_checkout(HostFacts& facts);

// Sets the checkout's owner; leaves it unset when nothing exists at the path.
Result<> find_checkout_owner(HostFacts& facts, const std::string& checkout);

}  // namespace stepbox::host
