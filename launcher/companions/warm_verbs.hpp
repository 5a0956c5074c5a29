// What `stepbox warm` does, a function for each verb. Each returns the exit code; an Error ends with 125.
#pragma once

#include "base/result.hpp"
#include "companions/warm_arguments.hpp"

namespace stepbox::companions {

Result<int> list_warm(const WarmArguments& arguments);
Result<int> show_warm(const WarmArguments& arguments);
Result<int> warm_path(const WarmArguments& arguments);
Result<int> save_warm(const WarmArguments& arguments);
Result<int> verify_warm(const WarmArguments& arguments);
Result<int> prune_warm(const WarmArguments& arguments);
Result<int> pack_warm(const WarmArguments& arguments);
Result<int> unpack_warm(const WarmArguments& arguments);
// For warm/hand_over.hpp: the request comes from standard input, the answer goes to standard output.
Result<int> save_as_requested(const WarmArguments& arguments);

}  // namespace stepbox::companions
