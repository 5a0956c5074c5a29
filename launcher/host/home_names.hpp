// Lists a home directory once, which saves a look for each of the many registry paths that do not exist.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stepbox::host {

// The names in a home directory, unless there are too many to list.
class HomeNames {
 public:
  explicit HomeNames(const std::string& home);

  // Whether the path lies below the home, and its first component there is known not to exist.
  bool has_no(std::string_view path) const;

 private:
  void close(const std::string& home, const Error& error);

  std::string prefix_;
  std::optional<std::set<std::string, std::less<>>> names_;
};

}  // namespace stepbox::host
