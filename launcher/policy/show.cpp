#include "policy/show.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "digest/sha256.hpp"
#include "policy/keys.hpp"
#include "policy/layers.hpp"

namespace stepbox::policy {
namespace {

using std::string;
using std::string_view;

constexpr size_t kOriginColumn = 48;

struct Line {
  size_t depth;
  string text;
  string origin = {};      // empty for a header
  bool is_chosen = false;  // else a comment
};

bool is_plain(string_view text) {
  const auto is_harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || string_view("_./%+-").contains(c);
  };
  static constexpr string_view kNulls[] = {"null", "Null", "NULL"};
  return !text.empty() && !string_view("%+-").contains(text[0]) && std::ranges::all_of(text, is_harmless) &&
         std::ranges::find(kNulls, text) == std::end(kNulls);
}

// In double quotes, YAML escapes characters as our messages do, except for quotes.
string scalar(string_view text) {
  if (is_plain(text)) return string(text);
  string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_control = byte < 0x20 || byte == 0x7f;
    // U+0080 to U+009F, which terminals act on: the second byte is the code point.
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '"' || byte == '\\') (out += '\\') += text[i];
    else if (is_control || is_c1) out += "\\x" + hex_text(0x100u | static_cast<unsigned char>(text[is_c1 ? ++i : i])).substr(3);
    else out += text[i];
  }
  return out + "\"";
}

class Page {
 public:
  void header(size_t depth, string_view name) { lines_.push_back({depth, string(name) + ":"}); }
  void value(size_t depth, string text, const Setting& setting) {
    const bool can_be_written = is_utf8(setting.value) && is_utf8(setting.name);
    lines_.push_back({depth, can_be_written ? std::move(text) : escaped(text) + " (not UTF-8)", escaped(setting.origin.text()),
                      can_be_written && setting.origin.layer != Layer::built_in});
  }

  string text() {
    choose_headers();
    string out;
    size_t commented_from = 0;
    for (size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      const bool was_commented = i > 0 && !lines_[i - 1].is_chosen;
      if (!was_commented || line.depth < commented_from) commented_from = line.depth;
      append(out, line, commented_from);
    }
    return out;
  }

 private:
  // A section without a chosen value is a comment as well: an empty section would be no map.
  void choose_headers() {
    for (size_t i = 0; i < lines_.size(); ++i)
      for (size_t below = i + 1; below < lines_.size() && lines_[below].depth > lines_[i].depth; ++below)
        lines_[i].is_chosen = lines_[i].is_chosen || lines_[below].is_chosen;
  }

  static void append(string& out, const Line& line, size_t commented_from) {
    const size_t depth = line.is_chosen ? line.depth : commented_from;
    string text = string(2 * depth, ' ');
    if (!line.is_chosen) text += "# " + string(2 * (line.depth - depth), ' ');
    text += line.text;
    if (!line.origin.empty()) text += string(text.size() < kOriginColumn ? kOriginColumn - text.size() : 1, ' ') + "# " + line.origin;
    out += text + "\n";
  }

  std::vector<Line> lines_;
};

// "size: 4GiB" of "size=4GiB", "key: [a, b]" of "key=a,key=b".
string field_of(const KeyRow& row, const Setting& setting) {
  const string name = setting.value.substr(0, setting.value.find('='));
  const auto field = std::ranges::find(row.fields, name, &RecordField::name);
  std::vector<string> values;
  for (const string_view part : split(setting.value, ','))
    if (const string_view value = part.substr(name.size() + 1); !value.empty()) values.push_back(scalar(value));
  return name + ": " + (field->is_list ? "[" + join(values, ", ") + "]" : join(values, ", "));
}

// {size: 4GiB, inodes: 200000}: all fields of an entry have one origin.
void add_records(Page& page, size_t depth, const KeyRow& row, const std::vector<Setting>& settings) {
  for (size_t i = 0; i < settings.size(); ++i) {
    string fields = field_of(row, settings[i]);
    while (i + 1 < settings.size() && settings[i + 1].name == settings[i].name) fields += ", " + field_of(row, settings[++i]);
    page.value(depth, settings[i].name + ": {" + fields + "}", settings[i]);
  }
}

// - {path: bin/**, required: true}
void add_items(Page& page, size_t depth, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    string text = "- {path: " + scalar(setting.name);
    for (const string_view field : split(setting.value, ','))
      text += ", " + string(field.substr(0, field.find('='))) + ": " + string(field.substr(field.find('=') + 1));
    page.value(depth, text + "}", setting);
  }
}

void add_key(Page& page, const KeyRow& row, const std::vector<Setting>& settings) {
  const size_t depth = row.key.contains('.') ? 1 : 0;
  const string name(row.key.substr(row.key.find('.') + 1));
  if (row.shape == Shape::scalar || row.shape == Shape::flag)
    return page.value(depth, name + ": " + scalar(settings.front().value), settings.front());
  page.header(depth, name);
  if (row.shape == Shape::records) return add_records(page, depth + 1, row, settings);
  if (row.shape == Shape::items) return add_items(page, depth + 1, settings);
  for (const Setting& setting : settings)
    page.value(depth + 1, (row.shape == Shape::map ? scalar(setting.name) + ": " : "- ") + scalar(setting.value), setting);
}

// The first is always the bottom layer, `default`.
string extends(const Policy& policy) {
  std::vector<string> names;
  for (size_t i = 1; i < policy.names.size(); ++i)
    if (!is_file_name(policy.names[i].name)) names.push_back(policy.names[i].name);
  return names.empty() ? string() : "extends: [" + join(names, ", ") + "]\n";
}

string sources(const Policy& policy) {
  std::vector<string> names;
  for (const PolicyName& name : policy.names) names.push_back(escaped(name.name) + " (" + name_of(name.layer) + ")");
  return "# The policy in force here, made of " + join(names, ", ") + ".\n# Every line is in force. Those that are comments are built-in values, which hold without being written.\n";
}

}  // namespace

namespace {

// The values of variables are none of a report's business, not even as part of a digest.
std::vector<Setting> without_secrets(string_view key, std::vector<Setting> settings) {
  if (key == "environment.set")
    for (Setting& setting : settings) setting.value.clear();
  return settings;
}

Page page_of(const Policy& policy) {
  Page page;
  string_view section;
  for (const KeyRow& row : keys()) {
    if (row.settings == nullptr) continue;
    const std::vector<Setting> settings = row.settings(policy);
    if (settings.empty()) continue;
    const string_view of_row = row.key.contains('.') ? row.key.substr(0, row.key.find('.')) : string_view();
    if (!of_row.empty() && of_row != section) page.header(0, of_row);
    section = of_row;
    add_key(page, row, settings);
  }
  return page;
}

}  // namespace

string to_yaml(const Policy& policy) {
  return sources(policy) + "version: 1\n" + extends(policy) + page_of(policy).text();
}

string digest(const Policy& policy) {
  digest::Sha256 sum;
  for (const KeyRow& row : keys()) {
    if (row.settings == nullptr) continue;
    for (const Setting& setting : without_secrets(row.key, row.settings(policy)))
      // No value holds a NUL, so no two policies give the same bytes.
      for (const string_view part : {row.key, string_view(setting.name), string_view(setting.value)}) {
        sum.update(part);
        sum.update(string_view("\0", 1));
      }
  }
  return "sha256:" + digest::hex(sum.finish());
}

}  // namespace stepbox::policy
