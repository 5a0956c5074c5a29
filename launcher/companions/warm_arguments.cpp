#include "companions/warm_arguments.hpp"

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "cli/warm_help.hpp"
#include "model/units.hpp"
#include "warm/store.hpp"

namespace stepbox::companions {
namespace {

struct VerbRow {
  std::string_view name;
  size_t least, most;        // operands
  std::string_view options;  // that it takes, each with a blank behind it
  std::string_view usage;
};
constexpr VerbRow kVerbs[] = {
    {"list", 0, 1, "--json ", "stepbox warm list [NAME] [--json]"},
    {"show", 1, 1, "--generation --files --json ", "stepbox warm show NAME [--generation ID] [--files] [--json]"},
    {"path", 0, 1, "", "stepbox warm path [NAME]"},
    {"save", 1, 1, "--from --key ", "stepbox warm save NAME [--from DIR] [--key KEY]"},
    {"verify", 0, 1, "--json ", "stepbox warm verify [NAME] [--json]"},
    {"prune", 0, 1, "--keep --max --all ", "stepbox warm prune [NAME] [--keep N] [--max SIZE] [--all]"},
    {"pack", 2, 2, "--generation ", "stepbox warm pack NAME FILE [--generation ID]"},
    {"unpack", 1, 1, "--as ", "stepbox warm unpack FILE [--as NAME]"},
    {"save-request", 0, 0, "", "save-request is for stepbox itself"},
};

Result<> set_max(WarmArguments& arguments, const std::string& text) {
  TRY_ASSIGN(const Size size, parse_size(text));
  if (size.unit != Size::Unit::bytes) return fail("--max is a share: " + quoted(text), "give a size such as 20GiB");
  arguments.bounds.max_bytes = size.amount;
  return {};
}

Result<> set_keep(WarmArguments& arguments, const std::string& text) {
  TRY_ASSIGN(arguments.bounds.keep, parse_count(text));
  return {};
}

struct OptionRow {
  std::string_view name;
  bool WarmArguments::*flag;
  std::string WarmArguments::*text;
  Result<> (*set)(WarmArguments&, const std::string&);
};
constexpr OptionRow kOptions[] = {
    {"--json", &WarmArguments::json, nullptr, nullptr},
    {"--files", &WarmArguments::files, nullptr, nullptr},
    {"--all", &WarmArguments::all, nullptr, nullptr},
    {"--generation", nullptr, &WarmArguments::generation, nullptr},
    {"--from", nullptr, &WarmArguments::from, nullptr},
    {"--key", nullptr, &WarmArguments::key, nullptr},
    {"--as", nullptr, &WarmArguments::as, nullptr},
    {"--max", nullptr, nullptr, set_max},
    {"--keep", nullptr, nullptr, set_keep},
    {"--store", nullptr, &WarmArguments::store, nullptr},
};

class Reader {
 public:
  explicit Reader(std::span<const std::string> words) : words_(words) {}

  Result<WarmArguments> read();

 private:
  Result<> take_verb(const std::string& word);
  Result<> take_option(const std::string& word);
  Result<> check() const;

  std::span<const std::string> words_;
  size_t at_ = 0;
  WarmArguments arguments_;
  const VerbRow* verb_ = nullptr;
};

Result<> Reader::take_verb(const std::string& word) {
  verb_ = std::ranges::find(kVerbs, word, &VerbRow::name);
  if (verb_ == std::end(kVerbs)) return fail("warm has no verb " + quoted(word), nearest_or_all(word, cli::kWarmWords));
  arguments_.verb = word;
  return {};
}

Result<> Reader::take_option(const std::string& word) {
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const auto* row = std::ranges::find(kOptions, name, &OptionRow::name);
  const bool is_taken = row != std::end(kOptions) &&
                        (name == "--store" || (verb_ != nullptr && verb_->options.find(name + " ") != std::string_view::npos));
  if (!is_taken) {
    const std::string of = verb_ == nullptr ? "warm" : "warm " + arguments_.verb;
    return fail("unknown option " + quoted(name) + " of " + of, std::string(verb_ == nullptr ? "stepbox warm --help" : verb_->usage));
  }
  if (row->flag != nullptr) {
    if (equals != std::string::npos) return fail(name + " takes no value");
    arguments_.*(row->flag) = true;
    return {};
  }
  if (equals == std::string::npos && at_ >= words_.size()) return fail(name + " needs a value");
  const std::string value = equals == std::string::npos ? words_[at_++] : word.substr(equals + 1);
  if (value.empty()) return fail(name + " needs a value");
  if (row->set == nullptr) {
    arguments_.*(row->text) = value;
    return {};
  }
  const auto set = row->set(arguments_, value);
  return set ? Result<>{} : std::unexpected(Error(set.error()).within(name));
}

Result<> Reader::check() const {
  if (verb_ == nullptr) return fail("warm needs a verb", "stepbox warm list; stepbox warm --help tells more");
  const size_t count = arguments_.operands.size();
  if (count < verb_->least || count > verb_->most)
    return fail("warm " + arguments_.verb + (count < verb_->least ? " needs more words" : " takes no " + quoted(arguments_.operands.back())),
                std::string(verb_->usage));
  if (arguments_.store[0] != '/') return fail("--store is not absolute: " + quoted(arguments_.store), "give it an absolute path");
  return {};
}

Result<WarmArguments> Reader::read() {
  bool only_operands = false;
  while (at_ < words_.size()) {
    const std::string& word = words_[at_++];
    if (only_operands || word == "-" || !word.starts_with('-')) {
      if (verb_ == nullptr) TRY(take_verb(word));
      else arguments_.operands.push_back(word);
    } else if (word == "--") {
      only_operands = true;
    } else if (word == "--help" || word == "-h") {
      arguments_.help = true;
      return arguments_;
    } else {
      TRY(take_option(word));
    }
  }
  if (arguments_.store.empty()) arguments_.store = "/";
  TRY(check());
  return std::move(arguments_);
}

}  // namespace

Result<WarmArguments> read_arguments(std::span<const std::string> words, bool is_root,
                                     const std::function<std::string(const char*)>& variable) {
  TRY_ASSIGN(WarmArguments arguments, Reader(words).read());
  if (arguments.help) return arguments;
  if (arguments.store == "/") {
    TRY_ASSIGN(arguments.store, warm::store_path(is_root, variable));
  } else {
    arguments.store = lexically_normal(arguments.store);
  }
  return arguments;
}

}  // namespace stepbox::companions
