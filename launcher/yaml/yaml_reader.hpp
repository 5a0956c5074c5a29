// A YAML file as plain nodes that know their position. The only place that includes yaml-cpp.
//
// A strict subset, since a policy may come from a stranger: at most 1 MiB, at most 32 levels, no
// anchors and aliases, no tags, no merge keys, no duplicate keys, one document, no NUL bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace stepbox::yaml {

struct Node {
  enum class Kind : uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string scalar = {};                                  // the text as written, unquoted
  bool was_quoted = false;                                  // "true" (quoted) and true are not the same
  std::vector<Node> items = {};                         // of a list
  std::vector<std::pair<Node, Node>> entries = {};  // of a map, in file order; keys are scalars
  int line = 0;                                             // 1-based
  int column = 0;
};

// Something in a file that is outside of the subset, "place:3:7: what is wrong". Line 0: the file as a whole.
struct Fault {
  int line;
  int column;
  Error error;
};

// As much of a file as could be read. Duplicate keys, anchors and tags are faults, and reading goes on; of a map with a
// key twice there are both entries. Behind any other fault, and behind too many, the rest is missing.
struct Reading {
  Node root;
  std::vector<Fault> faults;
  bool is_whole = true;
};

Reading read(std::string_view text, std::string_view place);

// Parses `text`, which errors call `place`: "place:3:7: what is wrong". No exception of yaml-cpp leaves
// this function. The error is the first fault.
Result<Node> parse(std::string_view text, std::string_view place);

// "place:3:7", for errors about a node.
std::string position(std::string_view place, const Node& node);

}  // namespace stepbox::yaml
