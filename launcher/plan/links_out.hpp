// Symbolic links in the checkout that lead out of it. The checkout is the code under test, perhaps a stranger's pull
// request. Its links must not choose what the box shows of the host. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.hpp"

namespace stepbox::plan {

class LinksOut {
 public:
  // Counts as checkouts: the project around the working directory, shown or not, and `source_path` unless it is empty.
  explicit LinksOut(const HostFacts& facts, const std::string& source_path = {});

  // Whether a link in a checkout leads the name to a place in none of them. `found` is what `path` stands for.
  bool lead_out(std::string_view path, const HostFacts::NamedPath& found) const;

  // "a link in the checkout leads out of it to '/etc'"
  static std::string text_of(const HostFacts::NamedPath& found);

 private:
  bool is_in_checkout(std::string_view path) const;

  std::vector<std::string> checkouts_;
};

}  // namespace stepbox::plan
