#include "yaml/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "base/text.hpp"

namespace stepbox::yaml {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxDepth = 32;

std::string position(std::string_view place, int line, int column) {
  return escaped(place) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// Thrown from the handler, because only an exception stops the parser; caught in parse().
struct Refused {
  YAML::Mark mark;
  std::string reason;
};

// Builds the tree from the parser's events. Everything outside the subset throws at once, before the
// parser goes deeper: its recursion is bounded by kMaxDepth too.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  Node take_root() { return std::move(root_); }

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
    if (tag != "?" && !quoted_here) throw Refused{mark, "tags are not allowed"};
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

  void OnAnchor(const YAML::Mark& mark, const std::string&) override { throw Refused{mark, "anchors are not allowed"}; }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { throw Refused{mark, "aliases are not allowed"}; }

 private:
  struct Open {
    Node node;
    bool has_key = false;
    Node key = {};
    std::unordered_set<std::string> seen = {};
  };

  // Marks count bytes from 0, as long as the stream is UTF-8 without a byte order mark.
  std::string_view source_at(const YAML::Mark& mark) const {
    return text_.substr(std::min(text_.size(), static_cast<size_t>(std::max(mark.pos, 0))));
  }

  static Node at(Node::Kind kind, const YAML::Mark& mark) {
    return Node{.kind = kind, .line = mark.line + 1, .column = mark.column + 1};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    if (tag != "?" && !tag.empty()) throw Refused{mark, "tags are not allowed"};
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
    const auto refuse = [&key](std::string reason) {
      YAML::Mark mark;
      mark.line = key.line - 1;
      mark.column = key.column - 1;
      throw Refused{mark, std::move(reason)};
    };
    if (key.kind == Node::Kind::null) refuse("a key must be a plain word, not null");
    if (key.scalar == "<<" && !key.was_quoted) refuse("merge keys are not allowed");
    if (!open_.back().seen.insert(key.scalar).second) refuse("duplicate key " + quoted(key.scalar));
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

Result<Node> parse(std::string_view text, std::string_view place) {
  TRY(check_bytes(text, place));
  Builder builder(text);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
  } catch (const Refused& refused) {
    return fail(position(place, refused.mark.line + 1, refused.mark.column + 1) + ": " + refused.reason);
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) return fail(escaped(place) + ": " + escaped(error.msg));
    return fail(position(place, error.mark.line + 1, error.mark.column + 1) + ": " + escaped(error.msg));
  }
}

std::string position(std::string_view place, const Node& node) {
  return position(place, node.line, node.column);
}

}  // namespace stepbox::yaml
