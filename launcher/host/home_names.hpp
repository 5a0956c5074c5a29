// One look at a home directory, which saves looking for each of the many things of the registry that are not there.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::host {

// The names in a home directory, where they are not too many to look at.
class HomeNames {
 public:
  explicit HomeNames(const std::string& home);

  // Whether a path lies below the home and its first component is not there.
  bool has_no(std::string_view path) const;

 private:
  void close(const std::string& home, const Error& error);

  std::string prefix_;
  std::optional<std::set<std::string, std::less<>>> names_;
};

}  // namespace stepbox::host
