// Removes a directory and everything in it.
#pragma once

namespace stepbox::sys {

// `directory` is open for reading, whatever its name is by now. Works by descriptor, follows no link and enters no
// other mount; copes with any modes and any depth. Allocation-free, with at most three directories open. Returns 0, or
// the errno of an entry that could not be removed; the rest is gone.
int remove_tree(int directory);

}  // namespace stepbox::sys
