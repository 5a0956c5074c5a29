#include "sandbox/call_log.hpp"

#include <algorithm>
#include <iterator>

#include "seccomp/compiler.hpp"

namespace stepbox::sandbox {

bool CallLog::knows(const seccomp_data& call) const {
  return std::ranges::find(kinds_, Kind(call.arch, call.nr)) != kinds_.end();
}

void CallLog::add(const seccomp_data& call, std::string process) {
  const auto known = std::ranges::find(kinds_, Kind(call.arch, call.nr));
  if (known != kinds_.end()) {
    ++log_.calls[static_cast<size_t>(known - kinds_.begin())].count;
    return;
  }
  if (kinds_.size() == kMostLoggedCalls) {
    ++log_.unlisted;
    return;
  }
  kinds_.emplace_back(call.arch, call.nr);
  LoggedCall first{.name = seccomp::name_of_call(call.arch, call.nr),
                   .architecture = std::string(seccomp::name_of_architecture(call.arch)),
                   .is_native = call.arch == seccomp::native_architectures().front(),
                   .count = 1,
                   .process = std::move(process)};
  std::ranges::copy(call.args, first.arguments.begin());
  log_.calls.push_back(std::move(first));
}

}  // namespace stepbox::sandbox
