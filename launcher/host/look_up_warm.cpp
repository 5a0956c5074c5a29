#include "host/look_up_warm.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "digest/sha256.hpp"
#include "plan/make_plan.hpp"
#include "plan/warm.hpp"
#include "sys/files.hpp"
#include "sys/open_no_links.hpp"
#include "warm/store.hpp"

namespace stepbox::host {
namespace {

constexpr uint64_t kLargestKeyFile = 64ULL << 20;

// The checkout is a stranger's, and stepbox may be root: no link is followed, and no FIFO waited for.
Result<sys::Fd> open_key_file(int directory, const std::string& file) {
  const sys::Fd place(sys::open_no_links(directory, file.c_str()));
  if (!place && sys::means_absent(errno)) return sys::Fd();
  if (!place && errno == ELOOP) return fail("a symbolic link is on the way to it");
  if (!place) return fail_errno("cannot open it", errno);
  struct stat status {};
  if (::fstat(place.get(), &status) != 0) return fail_errno("cannot examine it", errno);
  if (!S_ISREG(status.st_mode)) return fail("it is no regular file");
  if (static_cast<uint64_t>(status.st_size) > kLargestKeyFile) return fail("it is larger than 64 MiB");
  sys::Fd opened(::open(("/proc/self/fd/" + std::to_string(place.get())).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!opened) return fail_errno("cannot read it", errno);
  return opened;
}

Result<> add_content(digest::Sha256& hash, int file) {
  std::array<char, 65536> block{};
  for (uint64_t total = 0; total <= kLargestKeyFile;) {
    const ssize_t count = ::read(file, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot read it", errno);
    if (count == 0) return {};
    hash.update(std::string_view(block.data(), static_cast<size_t>(count)));
    total += static_cast<uint64_t>(count);
  }
  return fail("it is larger than 64 MiB");
}

// Each file has a digest of its own, so that no content can pass for the name of another file.
Result<std::string> digest_of(int directory, const std::string& file) {
  TRY_ASSIGN(const sys::Fd opened, open_key_file(directory, file));
  if (!opened) return std::string("absent");
  digest::Sha256 hash;
  TRY(add_content(hash, opened.get()));
  return digest::hex(hash.finish());
}

std::string checkout_of(const Policy& policy, const HostFacts& facts) {
  if (!policy.source_path.value) return facts.checkout;
  const HostFacts::NamedPath* named = facts.find(plan::expand_home(*policy.source_path.value, facts));
  return named == nullptr ? std::string() : named->real;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class Look {
 public:
  Look(HostFacts& facts, const Policy& policy) : facts_(facts), policy_(policy) {}

  Result<std::vector<sys::Fd>> take() {
    TRY_ASSIGN(const std::vector<plan::NamedCache> caches, plan::named_caches(policy_));
    const auto variable = [this](const char* name) { return facts_.variable(name).value_or(std::string()); };
    auto store = warm::store_path(facts_.uid == 0, variable);
    if (store) facts_.warm_store = std::move(*store);
    else facts_.no_warm_store = store.error().message;
    for (const plan::NamedCache& cache : caches)
      if (!cache.is_refused && store) TRY(add(cache));
    return std::move(leases_);
  }

 private:
  Result<> add(const plan::NamedCache& cache) {
    HostFacts::Warm found{.name = cache.name};
    if (cache.spec != nullptr && !cache.spec->key.empty()) {
      TRY_ASSIGN(found.key, key_of(checkout_of(policy_, facts_), cache.spec->key));
    }
    // Before the pin: a generation that another run saves in between counts as one that this run has not seen.
    if (auto newest = warm::current_id(facts_.warm_store, cache.name); newest && *newest) found.newest = **newest;
    auto pinned = warm::pin(facts_.warm_store, cache.name, found.key);
    if (!pinned) {
      found.problem = pinned.error().message;
      found.remedy = pinned.error().hint;
    } else if (*pinned) {
      found.generation = (*pinned)->generation;
      found.has_key = (*pinned)->has_key;
      found.tree = (*pinned)->tree;
      for (const plan::CoveredDirectory& directory : cache.directories)
        if (is_directory(found.tree + "/" + directory.path)) found.directories.push_back(directory.path);
      leases_.push_back(std::move((*pinned)->lease));
    }
    facts_.warm.push_back(std::move(found));
    return {};
  }

  HostFacts& facts_;
  const Policy& policy_;
  std::vector<sys::Fd> leases_ = {};
};

}  // namespace

Result<std::string> key_of(const std::string& directory, const std::vector<std::string>& files) {
  const sys::Fd opened(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return fail_errno("cannot open " + quoted(directory) + ", where the key of a warm cache is", errno);
  digest::Sha256 key;
  for (const std::string& file : files) {
    auto content = digest_of(opened.get(), file);
    if (!content)
      return std::unexpected(std::move(content).error().within("cannot take " + quoted(directory + "/" + file) + " as the key of a warm cache"));
    key.update(file + '\0' + *content + '\n');
  }
  return digest::hex(key.finish());
}

Result<std::vector<sys::Fd>> look_up_warm(HostFacts& facts, const Policy& policy) {
  if (policy.warm.empty()) return std::vector<sys::Fd>();
  return Look(facts, policy).take();
}

}  // namespace stepbox::host
