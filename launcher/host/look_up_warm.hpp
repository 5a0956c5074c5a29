// Looks at the caller's warm store, for the warm caches that the policy names.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/host_facts.hpp"
#include "model/policy.hpp"
#include "sys/fd.hpp"

namespace stepbox::host {

// Fills facts.warm and facts.warm_store; a policy that names no warm cache costs nothing. Makes nothing in the store.
// Returns leases: the generations in facts.warm are not removed while these descriptors, or copies of them, are open.
// Error: a mistake in the policy (plan::named_caches()), or a key file that cannot be read.
Result<std::vector<sys::Fd>> look_up_warm(HostFacts& facts, const Policy& policy);

// The label for the content of these files below the directory: 64 hexadecimal digits. A file that is missing counts
// as missing. Error: one is no regular file, lies behind a symbolic link, is larger than 64 MiB, or cannot be read.
Result<std::string> key_of(const std::string& directory, const std::vector<std::string>& files);

}  // namespace stepbox::host
