#include "outputs/destination.hpp"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/log.hpp"
#include "base/text.hpp"
#include "outputs/moves.hpp"
#include "outputs/sums.hpp"
#include "sys/atomic_file.hpp"
#include "sys/directory_entries.hpp"
#include "sys/files.hpp"
#include "sys/walk.hpp"

namespace stepbox::outputs {
namespace {

using std::string;

constexpr const char* kPlaceHint = "name a directory that you can write to with --outputs-to";
constexpr const char* kOtherHint = "name a new or an empty directory with --outputs-to";

string parent_of(const string& path) { return path.rfind('/') == 0 ? "/" : path.substr(0, path.rfind('/')); }
string last_of(const string& path) { return path.substr(path.rfind('/') + 1); }

mode_t ordinary_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0777 & ~mask;
}

// Makes a directory and those above it, as `mkdir -p` does.
Result<> make_directories(const string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0777) != 0 && errno != EEXIST) {
      Error error = Error::from_errno("cannot make directory " + quoted(part) + " for the outputs", errno);
      return std::unexpected(std::move(error).with_hint(kPlaceHint));
    }
    if (slash == string::npos) return {};
  }
}

// The path without links. Its last component, and those above, may be missing.
Result<string> resolved(const string& path) {
  TRY_ASSIGN(const std::optional<string> whole, sys::real_path(path));
  if (whole) return *whole;
  if (path == "/") return path;
  TRY(make_directories(parent_of(path)));
  TRY_ASSIGN(const std::optional<string> parent, sys::real_path(parent_of(path)));
  if (!parent) return fail("cannot find the directory above " + quoted(path));
  return (*parent == "/" ? "" : *parent) + "/" + last_of(path);
}

bool is_mount_point(int place, const char* name) {
  struct statx status {};
  return ::statx(place, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0 && (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Finds a file that the mark does not name.
class Strangers : public sys::Visitor {
 public:
  explicit Strangers(const MarkedNames& names) : names_(names) {}
  string first;

  sys::Descend enter(const sys::WalkedDirectory& directory) override {
    return directory.depth == 1 && is_left_alone(directory.path.substr(1)) ? sys::Descend::no : sys::Descend::yes;
  }
  void visit(const sys::WalkedDirectory& in, const char* name, const struct stat&) override { look(in, name); }
  void pass_over(const sys::WalkedDirectory& in, const char* name, int) override { look(in, name); }

  // Names at the top that are neither outputs nor anybody's files.
  static bool is_left_alone(std::string_view name) { return name == "lost+found" || is_name_of_staging(name); }

 private:
  void look(const sys::WalkedDirectory& in, const char* name) {
    const string path = in.depth == 0 ? name : string(in.path.substr(1)) + "/" + name;
    if (path == kMarkName || names_.holds(path) || is_left_alone(path)) return;
    if (first.empty() || path < first) first = path;
  }

  const MarkedNames& names_;
};

bool is_empty(int directory) {
  bool is_empty = true;
  sys::for_each_entry(directory, [&](const char* name) { return is_empty = is_empty && Strangers::is_left_alone(name); });
  return is_empty;
}

string read_mark(int directory) {
  const sys::Fd file(::openat(directory, kMarkName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  constexpr off_t kLongest = off_t{1} << 30;
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kLongest) return {};
  string text(static_cast<size_t>(status.st_size), '\0');
  size_t length = 0;
  for (ssize_t got = 0; length < text.size() && (got = ::read(file.get(), text.data() + length, text.size() - length)) > 0;) length += static_cast<size_t>(got);
  text.resize(length);
  return text;
}

// A journal comes from a directory that only this user can have made. But a step may act for this user in a checkout that
// it can write to, so it must not reach further than outputs do.
bool may_follow(const std::vector<Move>& moves, int place, const string& where, const std::vector<string>& kept) {
  const auto is_guarded = [&](const Move& move) {
    struct stat status {};
    const bool is_directory = ::fstatat(place, move.path.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
    return std::ranges::any_of(split(move.path, '/'), is_guarded_name) || (is_directory && holds_guarded_names(place, move.path));
  };
  return std::ranges::none_of(moves, is_guarded) && moves_of_kept(moves, where, kept) == nullptr;
}

}  // namespace

Result<Destination> Destination::prepare(const OutputsPlan& plan) {
  Destination destination;
  if (plan.declared.empty()) return destination;
  if (!plan.checkout.empty()) TRY(destination.open_checkout(plan));
  if (!plan.to.empty()) TRY(destination.open_directory_of_outputs(plan));
  if (destination.way_ != Way::none) TRY(destination.check_writable());
  TRY(destination.clean_up(plan));
  if (!plan.to.empty()) TRY(destination.check_replaceable());
  TRY(destination.prepare_manifest(plan));
  return destination;
}

Result<> Destination::open_checkout(const OutputsPlan& plan) {
  checkout_ = sys::Fd(::open(plan.checkout.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!checkout_) return fail_errno("cannot open the checkout " + quoted(plan.checkout), errno);
  if (!plan.to.empty()) return {};
  path_ = place_path_ = plan.checkout;
  place_ = sys::Fd(::openat(checkout_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Outputs that lie in the host's own checkout stay where they are.
  const bool has_others = std::ranges::any_of(plan.declared, [](const OutputSpec& spec) { return spec.pattern.root == OutputRoot::out; });
  if (plan.view == CheckoutView::overlay || has_others) way_ = Way::into;
  return {};
}

// The links of a checkout come with the code under test, and must not lead the operator's files elsewhere.
Result<> Destination::refuse_links(const OutputsPlan& plan, const string& path, const char* option) const {
  if (!checkout_ || !is_within(path, plan.checkout)) return {};
  for (size_t end = plan.checkout.size(); end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const string part = path.substr(plan.checkout.size() + 1, end - plan.checkout.size() - 1);
    struct stat status {};
    if (::fstatat(checkout_.get(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? Result<>() : fail_errno("cannot look at " + quoted(path.substr(0, end)), errno);
    if (S_ISLNK(status.st_mode))
      return fail(string(option) + " " + quoted(path) + ": " + quoted(path.substr(0, end)) + " is a symbolic link that comes with the checkout",
                  "if you mean the place that it leads to, name the real path");
  }
  return {};
}

Result<> Destination::open_directory_of_outputs(const OutputsPlan& plan) {
  TRY(refuse_links(plan, plan.to, "--outputs-to"));
  TRY_ASSIGN(path_, resolved(plan.to));
  if (path_ == "/") return fail("--outputs-to cannot be the root directory", kOtherHint);
  place_path_ = parent_of(path_);
  name_ = last_of(path_);
  place_ = sys::Fd(::open(place_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place_) return fail_errno("cannot open " + quoted(place_path_), errno);
  way_ = Way::whole;
  if (!is_mount_point(place_.get(), name_.c_str())) return {};
  way_ = Way::mounted;
  place_ = sys::Fd(::openat(place_.get(), name_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place_) return fail_errno("cannot open " + quoted(path_), errno);
  place_path_ = path_;
  return {};
}

// Tries it, since access(2) does not know all reasons: root may write to /proc as far as that call can tell.
Result<> Destination::check_writable() const {
  if (const Result<Staging> tried = Staging::create(place_.get(), place_path_); !tried)
    return std::unexpected(Error(tried.error()).within("cannot put outputs into " + quoted(path_)).with_hint(kPlaceHint));
  return {};
}

Result<> Destination::clean_up(const OutputsPlan& plan) const {
  if (!place_ || way_ == Way::none) return {};
  for (Staging& staging : Staging::abandoned(place_.get())) {
    const Stage stage{.destination = place_.get(), .staging = staging.fd(), .where = place_path_};
    const std::vector<Move> moves = read_journal(staging.fd());
    if (!moves.empty() && may_follow(moves, place_.get(), place_path_, plan.kept_from_step)) {
      if (const Result<> done = perform(stage, moves); !done) log::warn("a run was killed while it carried out outputs, and its set was taken back: " + done.error().message);
      else log::debug("completed the outputs of a run that was killed, in " + quoted(place_path_));
      drop_journal(stage);
    }
    if (const int error = staging.remove(); error != 0)
      return fail_errno("cannot remove what a killed run staged in " + quoted(place_path_), error);
  }
  return {};
}

sys::Fd Destination::open_outputs() const {
  const char* name = way_ == Way::mounted ? "." : name_.c_str();
  return sys::Fd(::openat(place_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

Result<> Destination::check_replaceable() const {
  const sys::Fd directory = open_outputs();
  if (!directory && errno == ENOENT) return {};
  if (!directory && (errno == ENOTDIR || errno == ELOOP)) return fail(quoted(path_) + " is no directory, and outputs cannot replace it", kOtherHint);
  if (!directory) return fail_errno("cannot open " + quoted(path_) + " for the outputs", errno);
  if (is_empty(directory.get())) return {};
  const std::optional<MarkedNames> names = MarkedNames::read(read_mark(directory.get()));
  if (!names) return fail(quoted(path_) + " holds files, and is not a directory of outputs that stepbox made", kOtherHint);
  Strangers strangers(*names);
  if (const int error = sys::walk(directory.get(), "", strangers); error != 0) return fail_errno("cannot look through " + quoted(path_), error);
  if (!strangers.first.empty())
    return fail(quoted(path_) + " holds " + named(strangers.first) + ", which is not an output of an earlier run, and would be lost",
                "move it away, or name another directory with --outputs-to");
  return {};
}

mode_t Destination::mode() const {
  struct stat status {};
  const sys::Fd directory = open_outputs();
  return directory && ::fstat(directory.get(), &status) == 0 ? status.st_mode & 07777 : ordinary_mode();
}

Result<> Destination::prepare_manifest(const OutputsPlan& plan) {
  if (plan.manifest.empty()) return {};
  TRY(refuse_links(plan, plan.manifest, "--outputs-manifest"));
  manifest_ = plan.manifest;
  manifest_name_ = last_of(manifest_);
  const bool is_of_directory = way_ == Way::whole || way_ == Way::mounted;
  if (is_of_directory && (is_within(manifest_, plan.to) || is_within(manifest_, path_))) {
    const string& base = is_within(manifest_, plan.to) ? plan.to : path_;
    if (manifest_.size() > base.size()) manifest_inside_ = manifest_.substr(base.size() + 1);
    if (manifest_inside_.empty() || manifest_inside_.contains('/')) return fail("--outputs-manifest " + quoted(manifest_) + " is below the directory of outputs", "put it directly into that directory, or elsewhere");
    return {};
  }
  manifest_place_ = sys::Fd(::open(parent_of(manifest_).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!manifest_place_ || ::faccessat(manifest_place_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return fail_errno("cannot write the manifest " + quoted(manifest_), errno);
  if (::fstatat(manifest_place_.get(), manifest_name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode))
    return fail_errno("cannot write the manifest " + quoted(manifest_), EISDIR);
  return {};
}

Result<> Destination::write_manifest(const string& text) const {
  if (!manifest_place_) return {};
  const auto written = sys::write_atomically(manifest_place_.get(), manifest_name_.c_str(), text, sys::Sync::yes);
  if (!written) return fail_errno("the outputs are in place, but their manifest " + quoted(manifest_) + " could not be written", written.error());
  return {};
}

}  // namespace stepbox::outputs
