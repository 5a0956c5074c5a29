// From argv to the subcommand.
#pragma once

namespace stepbox::cli {

// Never throws: reports an exception from a library as stepbox's own failure, exit code 125.
int dispatch(int argc, char** argv);

}  // namespace stepbox::cli
