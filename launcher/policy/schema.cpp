#include "policy/schema.hpp"

#include <map>
#include <vector>

#include "base/text.hpp"
#include "policy/keys.hpp"
#include "policy/output_values.hpp"

namespace stepbox::policy {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string described(std::string_view type, std::string_view description) {
  return std::string(type) + ", \"description\": " + json_text(description);
}

// An editor can check the words of a choice; the description tells the form of other values.
std::string enumeration(std::span<const std::string_view> words) {
  std::string out = "\"enum\": [";
  for (const std::string_view word : words) out += (out.ends_with('[') ? "" : ", ") + json_text(word);
  return out + "]";
}

// The body of the schema of one value.
std::string scalar_body(const KeyRow& row) {
  const bool has_other_values = row.words.empty() || row.operand == kNameOrFileOperand;
  return has_other_values ? R"("type": ["string", "integer"])" : enumeration(row.words);
}

std::string record_schema(std::span<const RecordField> fields) {
  constexpr std::string_view kValue = R"({"type": ["string", "integer"]})";
  std::string out = R"({"type": "object", "additionalProperties": false, "minProperties": 1, "properties": {)";
  for (const RecordField& field : fields) {
    out += (out.ends_with('{') ? "" : ", ") + json_text(field.name) + ": ";
    if (field.is_list) out += R"({"anyOf": [)" + std::string(kValue) + R"(, {"type": "array", "items": )" + std::string(kValue) + "}]}";
    else out += kValue;
  }
  return out + "}}";
}

std::string map_of(std::string_view value, std::string_view help) {
  return "{" + described(R"("type": "object", "additionalProperties": )" + std::string(value), help) + "}";
}

// A pattern alone, or with what else is said of it.
std::string item_schema() {
  std::string properties = R"("path": {"type": "string"})";
  for (const OutputField& field : kOutputFields) properties += ", " + json_text(field.name) + ": " + std::string(field.schema);
  return R"({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": false, "required": ["path"], "properties": {)" + properties + "}}]}";
}

std::string schema_of(const KeyRow& row) {
  switch (row.shape) {
    case Shape::scalar: return "{" + described(scalar_body(row), row.help) + "}";
    case Shape::flag: return "{" + described(R"("type": "boolean")", row.help) + "}";
    case Shape::list: return "{" + described(R"("type": "array", "items": {)" + scalar_body(row) + "}", row.help) + "}";
    case Shape::map: return map_of(R"({"type": ["string", "number", "boolean"]})", row.help);
    case Shape::items: return "{" + described(R"("type": "array", "items": )" + item_schema(), row.help) + "}";
    case Shape::records: return map_of(record_schema(row.fields), row.help);
    case Shape::group:
    case Shape::unsupported: break;
  }
  return "{}";
}

using Properties = std::vector<std::pair<std::string, std::string>>;

std::string object(const Properties& properties, std::string_view indent) {
  std::string out = "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {";
  for (const auto& [name, schema] : properties) {
    out += out.ends_with('{') ? "\n" : ",\n";
    out += std::string(indent) + json_text(name) + ": " + schema;
  }
  return out + "}}";
}

}  // namespace

std::string json_schema() {
  Properties root = {
      {"version", R"({"const": 1, "description": "the version of this format"})"},
      {"summary", R"({"type": "string", "description": "what the policy is for, in one line"})"},
      {"extends", R"({"type": "array", "items": {"type": "string"}, )"
                  R"("description": "policies that come first: built-in names, or files beside this one"})"},
  };
  std::vector<std::pair<std::string, Properties>> sections;
  for (const KeyRow& row : keys()) {
    if (row.shape == Shape::unsupported || row.shape == Shape::group) continue;
    const size_t dot = row.key.find('.');
    if (dot == std::string_view::npos) {
      root.emplace_back(row.key, schema_of(row));
      continue;
    }
    const std::string_view section = row.key.substr(0, dot);
    if (sections.empty() || sections.back().first != section) sections.emplace_back(section, Properties{});
    sections.back().second.emplace_back(row.key.substr(dot + 1), schema_of(row));
  }
  for (const auto& [name, properties] : sections) {
    std::string schema = object(properties, "      ");
    // source: ro is short for source: {mode: ro}.
    if (name == "source") schema = "{\"anyOf\": [" + properties[0].second + ",\n      " + schema + "]}";
    root.emplace_back(name, std::move(schema));
  }
  std::string schema = object(root, "    ");
  schema.insert(1,
                "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"stepbox policy\",\n  "
                "\"required\": [\"version\"],\n  ");
  return schema + "\n";
}

}  // namespace stepbox::policy
