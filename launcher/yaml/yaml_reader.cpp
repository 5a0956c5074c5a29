#include "yaml/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "base/text.hpp"

namespace stepbox::yaml {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxDepth = 32;
// A stranger's file of a million duplicate keys must not keep stepbox busy.
constexpr size_t kMostFaults = 20;

std::string position(std::string_view place, int line, int column) {
  return escaped(place) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// Thrown from the handler, because only an exception stops the parser; caught in parse().
struct Refused {
  YAML::Mark mark;
  std::string reason;
};

// Builds the tree from the parser's events. What could make the parser go deeper, or hides content, throws at once: the
// parser's recursion is bounded by kMaxDepth too.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::string_view place, std::vector<Fault>& faults)
      : text_(text), place_(place), faults_(faults) {}

  Node take_root() { return std::move(root_); }

  void add_fault(const YAML::Mark& mark, const std::string& reason) {
    const int line = mark.line + 1, column = mark.column + 1;
    faults_.push_back({line, column, Error{position(place_, line, column) + ": " + reason}});
  }

  // Ends what the parser left open. A list or map that had only begun is dropped with its key.
  void break_off() {
    while (!open_.empty()) {
      const Node& last = open_.back().node;
      if (last.items.empty() && last.entries.empty()) open_.pop_back();
      else close();
      if (!open_.empty()) open_.back().has_key = false;
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    // The parser takes whatever follows a finished node for the next document.
    const bool is_marker = source_at(mark).starts_with("---");
    throw Refused{mark, is_marker ? "more than one document" : "unexpected text after the end of the document"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(at(Node::Kind::null, mark)); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    // The parser calls a plain scalar "?" and a quoted or block one "!"; so does a file that writes "! x".
    const bool quoted_here = tag == "!" && !source_at(mark).starts_with('!');
    if (tag != "?" && !quoted_here) go_on_after(mark, "tags are not allowed");
    if (value.contains('\0')) throw Refused{mark, "NUL bytes are not allowed"};
    Node node = at(Node::Kind::scalar, mark);
    node.scalar = value;
    node.was_quoted = quoted_here;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override { go_on_after(mark, "anchors are not allowed"); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { throw Refused{mark, "aliases are not allowed"}; }

 private:
  struct Open {
    Node node;
    bool has_key = false;
    Node key = {};
    std::unordered_map<std::string, int> seen = {};  // keys, with the line of the first
  };

  void go_on_after(const YAML::Mark& mark, const std::string& reason) {
    if (faults_.size() == kMostFaults) throw Refused{mark, reason};
    add_fault(mark, reason);
  }

  // Marks count bytes from 0, as long as the stream is UTF-8 without a byte order mark.
  std::string_view source_at(const YAML::Mark& mark) const {
    return text_.substr(std::min(text_.size(), static_cast<size_t>(std::max(mark.pos, 0))));
  }

  static Node at(Node::Kind kind, const YAML::Mark& mark) {
    return Node{.kind = kind, .line = mark.line + 1, .column = mark.column + 1};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    if (tag != "?" && !tag.empty()) go_on_after(mark, "tags are not allowed");
    if (!open_.empty() && expects_key()) throw Refused{mark, "a key must be a plain word, not a list or a map"};
    if (open_.size() == kMaxDepth) throw Refused{mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels"};
    open_.push_back(Open{at(kind, mark)});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  bool expects_key() const { return open_.back().node.kind == Node::Kind::map && !open_.back().has_key; }

  void add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.kind == Node::Kind::list) {
      open_.back().node.items.push_back(std::move(node));
    } else if (expects_key()) {
      add_key(std::move(node));
    } else {
      add_value(std::move(node));
    }
  }

  void add_key(Node key) {
    YAML::Mark mark;
    mark.line = key.line - 1;
    mark.column = key.column - 1;
    if (key.kind == Node::Kind::null) throw Refused{mark, "a key must be a plain word, not null"};
    if (key.scalar == "<<" && !key.was_quoted) throw Refused{mark, "merge keys are not allowed"};
    if (const auto [first, is_new] = open_.back().seen.try_emplace(key.scalar, key.line); !is_new)
      go_on_after(mark, "duplicate key " + quoted(key.scalar) + " (the first is in line " + std::to_string(first->second) + ")");
    open_.back().key = std::move(key);
    open_.back().has_key = true;
  }

  void add_value(Node value) {
    Open& map = open_.back();
    // A missing value has no position of its own; the parser's mark is at the next token.
    if (value.kind == Node::Kind::null) {
      value.line = map.key.line;
      value.column = map.key.column;
    }
    map.node.entries.emplace_back(std::move(map.key), std::move(value));
    map.has_key = false;
  }

  std::string_view text_;
  std::string_view place_;
  std::vector<Fault>& faults_;
  int documents_ = 0;
  Node root_ = Node{.line = 1, .column = 1};
  std::vector<Open> open_;
};

// The length of the UTF-8 sequence at the start of `text`, 0 when there is none.
size_t character_length(std::string_view text) {
  for (size_t length = 1; length <= std::min<size_t>(4, text.size()); ++length)
    if (is_utf8(text.substr(0, length))) return length;
  return 0;
}

// Refuses bytes that the parser would read differently from what an editor shows: it takes \x04 for
// the end of the file, and a NUL for a sign of UTF-16.
Result<> check_bytes(std::string_view text, std::string_view place) {
  if (text.size() > kMaxBytes) return fail(escaped(place) + ": larger than 1 MiB");
  if (text.starts_with("\xEF\xBB\xBF")) return fail(position(place, 1, 1) + ": starts with a byte order mark");
  int line = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < text.size();) {
    const auto here = [&] { return position(place, line, static_cast<int>(i - line_start) + 1); };
    const char c = text[i];
    const size_t length = character_length(text.substr(i, 4));
    const bool ends_line = c == '\n' || (c == '\r' && text.substr(i + 1).starts_with('\n'));
    const bool is_control = (c >= 0 && c < 0x20 && c != '\t' && !ends_line) || c == 0x7f;
    if (length == 0) return fail(here() + ": not valid UTF-8");
    if (c == '\0') return fail(here() + ": NUL bytes are not allowed");
    if (is_control) return fail(here() + ": control character " + quoted(text.substr(i, 1)) + " is not allowed");
    i += length;
    if (c == '\n') {
      ++line;
      line_start = i;
    }
  }
  return {};
}

}  // namespace

Reading read(std::string_view text, std::string_view place) {
  Reading reading{.root = Node{.line = 1, .column = 1}, .faults = {}};
  if (auto checked = check_bytes(text, place); !checked) {
    reading.faults.push_back({0, 0, std::move(checked).error()});
    reading.is_whole = false;
    return reading;
  }
  Builder builder(text, place, reading.faults);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    builder.add_fault(refused.mark, refused.reason);
    reading.is_whole = false;
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) reading.faults.push_back({0, 0, Error{escaped(place) + ": " + escaped(error.msg)}});
    else builder.add_fault(error.mark, escaped(error.msg));
    reading.is_whole = false;
  }
  builder.break_off();
  reading.root = builder.take_root();
  return reading;
}

Result<Node> parse(std::string_view text, std::string_view place) {
  Reading reading = read(text, place);
  if (!reading.faults.empty()) return std::unexpected(std::move(reading.faults.front().error));
  return std::move(reading.root);
}

std::string position(std::string_view place, const Node& node) {
  return position(place, node.line, node.column);
}

}  // namespace stepbox::yaml
