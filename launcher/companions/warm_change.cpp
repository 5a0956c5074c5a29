// save, and what a run asks for; prune.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/log.hpp"
#include "base/text.hpp"
#include "caches/warm.hpp"
#include "cli/output.hpp"
#include "companions/host_caches.hpp"
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

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
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

// The directories of one save, open.
class Directories {
 public:
  // Nothing is added if there is no such directory. Links at the end of the path are followed: the user named it.
  Result<bool> add_if_there(const std::string& path, const std::string& in_generation) {
    sys::Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory && sys::means_absent(errno)) return false;
    if (!directory) return fail_errno("cannot open " + quoted(path), errno);
    views_.push_back({in_generation, directory.get()});
    opened_.push_back(std::move(directory));
    return true;
  }
  bool empty() const { return opened_.empty(); }
  const std::vector<warm::SavedDirectory>& views() const { return views_; }

 private:
  std::vector<sys::Fd> opened_;
  std::vector<warm::SavedDirectory> views_;
};

// Those that stepbox knows of a warm cache, below `from` or, without it, where the caller's own tools have them.
Result<> add_known(const caches::WarmCache& cache, const std::string& from, Directories& directories, warm::SaveRequest& request) {
  const caches::WarmWhen elsewhere = ::geteuid() == 0 ? caches::WarmWhen::plain : caches::WarmWhen::metacopy;
  for (const caches::WarmDirectory& directory : cache.directories) {
    if (from.empty() && directory.when == elsewhere) continue;
    const std::string path(directory.path);
    const std::vector<std::string> places = from.empty() ? host_places(path, variable("HOME"), variable) : std::vector{from + "/" + path};
    for (const std::string& place : places) {
      TRY_ASSIGN(const bool is_there, directories.add_if_there(place, path));
      if (is_there) break;
    }
    for (WarmRule& rule : caches::rules_of(directory)) request.rules.push_back(std::move(rule));
  }
  if (directories.empty())
    return fail("there is nothing of the warm cache " + quoted(cache.name) + (from.empty() ? " outside of boxes" : " below " + quoted(from)),
                "run the tool once, or name a directory that is laid out as a generation with --from");
  return {};
}

// Of a warm cache that stepbox does not know, each directory below `from`.
Result<> add_all(const std::string& from, Directories& directories) {
  TRY_ASSIGN(const std::vector<sys::DirectoryEntry> entries, sys::list_directory(from));
  for (const sys::DirectoryEntry& entry : entries) {
    if (entry.kind != sys::PathKind::directory)
      return fail(quoted(from + "/" + entry.name) + " is no directory: --from takes the layout of a generation, cache/go-build/...",
                  "stepbox warm show NAME lists the directories of a warm cache");
    TRY(directories.add_if_there(from + "/" + entry.name, entry.name));
  }
  return directories.empty() ? fail(quoted(from) + " is empty") : Result<>{};
}

Result<> add_directories(const WarmArguments& arguments, Directories& directories, warm::SaveRequest& request) {
  const caches::WarmCache* known = caches::find_warm_cache(request.name);
  if (known == nullptr && arguments.from.empty())
    return fail("stepbox does not know where the tools of " + quoted(request.name) + " keep their caches", "--from DIR");
  return known != nullptr ? add_known(*known, arguments.from, directories, request) : add_all(arguments.from, directories);
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
  Directories directories;
  TRY(add_directories(arguments, directories, request));
  request.directories = directories.views();
  TRY_ASSIGN(const std::optional<std::string> current, warm::current_id(arguments.store, request.name));
  request.base = request.seen = current.value_or("");
  TRY_ASSIGN(const std::optional<std::string> from, sys::real_path(arguments.from.empty() ? variable("HOME") : arguments.from));
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
