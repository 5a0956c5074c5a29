// save, and what a run asks for; prune.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "companions/progress_line.hpp"
#include "companions/warm_verbs.hpp"
#include "sys/file_content.hpp"
#include "sys/files.hpp"
#include "warm/catalogue.hpp"
#include "warm/make_cache.hpp"
#include "warm/prune.hpp"
#include "warm/save.hpp"

namespace stepbox::companions {
namespace {

constexpr std::chrono::seconds kPatience{60};

Result<warm::SaveResult> save_with_progress(const warm::SaveRequest& request) {
  ProgressLine line("saving " + request.name);
  return warm::save(request, [&line](uint64_t files, uint64_t bytes) { line.show(files, bytes); });
}

std::string host_name() {
  utsname host{};
  return ::uname(&host) == 0 ? host.nodename : "";
}

Result<std::string> read_all(int file) {
  std::string text;
  char buffer[65'536];
  for (ssize_t got = 0; (got = ::read(file, buffer, sizeof buffer)) != 0;) {
    if (got < 0) return fail_errno("cannot read the request", errno);
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

// Opens the directories below `from`, which become the warm cache's.
Result<std::vector<sys::Fd>> open_directories(const std::string& from, warm::SaveRequest& request) {
  TRY_ASSIGN(const std::vector<sys::DirectoryEntry> entries, sys::list_directory(from));
  std::vector<sys::Fd> opened;
  for (const sys::DirectoryEntry& entry : entries) {
    if (entry.kind != sys::PathKind::directory)
      return fail(quoted(from + "/" + entry.name) + " is no directory: --from takes the layout of a generation, cache/go-build/...",
                  "stepbox warm show NAME lists the directories of a warm cache");
    sys::Fd directory(::open((from + "/" + entry.name).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return fail_errno("cannot open " + quoted(from + "/" + entry.name), errno);
    request.directories.push_back({entry.name, directory.get()});
    opened.push_back(std::move(directory));
  }
  if (opened.empty()) return fail(quoted(from) + " is empty");
  return opened;
}

Result<std::vector<std::string>> names_to_prune(const WarmArguments& arguments) {
  if (arguments.operands.empty()) return warm::list_names(arguments.store);
  return arguments.operands;
}

}  // namespace

Result<int> save_warm(const WarmArguments& arguments) {
  warm::SaveRequest request;
  request.store = arguments.store;
  request.name = arguments.operands[0];
  request.key = arguments.key;
  TRY_ASSIGN(const std::vector<sys::Fd> directories, open_directories(arguments.from, request));
  TRY_ASSIGN(const std::optional<std::string> current, warm::current_id(arguments.store, request.name));
  request.base = request.seen = current.value_or("");
  TRY_ASSIGN(const std::optional<std::string> from, sys::real_path(arguments.from));
  request.origin = {.run = {}, .host = host_name(), .checkout = from.value_or(arguments.from), .commit = {}};
  TRY_ASSIGN(const warm::SaveResult result, save_with_progress(request));
  const int failed = cli::print(result.sentence + "\n");
  return failed != 0 ? failed : result.saving == warm::Saving::discarded ? 1 : 0;
}

Result<int> save_as_requested(const WarmArguments&) {
  TRY_ASSIGN(const std::string text, read_all(STDIN_FILENO));
  TRY_ASSIGN(const warm::SaveRequest request, warm::request_of_text(text));
  TRY_ASSIGN(const warm::SaveResult result, save_with_progress(request));
  return cli::print(warm::to_text(result));
}

Result<int> prune_warm(const WarmArguments& arguments) {
  TRY_ASSIGN(const std::vector<std::string> names, names_to_prune(arguments));
  std::string text;
  for (const std::string& name : names) {
    TRY_ASSIGN(const auto cache, warm::open_cache(arguments.store, name));
    if (!cache) return fail("there is no warm cache " + quoted(name), "stepbox warm list");
    TRY_ASSIGN(const auto lock, warm::lock_cache(cache->directory.get(), kPatience));
    if (!lock) return fail("a save of " + quoted(name) + " does not end", "try again later");
    TRY_ASSIGN(const warm::Pruned pruned, warm::prune(*cache, arguments.bounds, arguments.all ? warm::Leave::none : warm::Leave::newest));
    for (const std::string& id : pruned.removed) text += "removed " + name + " " + id + "\n";
    for (const std::string& id : pruned.in_use) text += "kept " + name + " " + id + ", which a box reads\n";
  }
  return cli::print(text.empty() ? "nothing to remove\n" : text);
}

}  // namespace stepbox::companions
