// Removes a directory with all that is in it.
#pragma once

namespace stepbox::sys {

// `directory` is open for reading; what it is called by now does not matter. By descriptor, without following a link
// and without entering another mount; whatever the modes are, however deep it is. Allocation-free, with three
// directories open at the most. 0, or the errno of what could not be removed; the rest is gone.
int remove_tree(int directory);

}  // namespace stepbox::sys
