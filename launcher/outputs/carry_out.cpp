#include "outputs/carry_out.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "outputs/copy.hpp"
#include "outputs/moves.hpp"
#include "outputs/sums.hpp"
#include "sys/write_all.hpp"

namespace stepbox::outputs {
namespace {

using Specs = std::vector<const OutputSpec*>;

Specs specs_for(const OutputsPlan& plan, bool has_succeeded) {
  Specs specs;
  for (const OutputSpec& spec : plan.declared)
    if (has_succeeded || spec.when == OutputWhen::always) specs.push_back(&spec);
  return specs;
}

// Whether following a path below the directory ends at something, without leaving the directory.
enum class Leads : uint8_t { somewhere, nowhere, unknown };
Leads follow(int directory, const std::string& path) {
  const open_how how{.flags = O_PATH | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  const sys::Fd place(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
  return place ? Leads::somewhere : errno == ENOENT || errno == ENOTDIR ? Leads::nowhere : Leads::unknown;
}

std::string how_to_make_optional(const OutputSpec& spec) {
  return spec.origin.layer >= Layer::environment ? "--output " + shell_word(spec.text + ",required=false") : "required: false";
}

class Export {
 public:
  Export(const OutputsPlan& plan, const Destination& destination, std::span<const Source> sources, const StepEnd& end)
      : plan_(plan), destination_(destination), sources_(sources), specs_(specs_for(plan, end.has_succeeded)),
        has_succeeded_(end.has_succeeded), watch_(end.is_asked_to_end) {}

  CarriedOutputs run() {
    if (specs_.empty()) return std::move(carried_);
    carried_.to = destination_.path();
    Result<> done = find();
    if (done) done = read_in_place();
    if (done) done = put();
    if (done) list();
    // The set is complete without its manifest, but it was asked for.
    if (done) done = destination_.write_manifest(sums_text(found_.entries));
    if (!done) {
      if (!is_visible_) carried_.state = CarriedOutputs::State::failed;
      carried_.failure = std::move(done).error();
    }
    return std::move(carried_);
  }

 private:
  bool goes_whole() const { return destination_.way() == Way::whole || destination_.way() == Way::mounted; }
  // Whether an output stays where it is.
  bool is_in_place(const Entry& entry) const { return !goes_whole() && sources_[entry.source].root == OutputRoot::checkout && plan_.view == CheckoutView::host; }

  Result<> find();
  Result<> read_in_place();
  Result<> put();
  Result<> stage(const Staging& staging, int tree);
  Result<> check_links(int tree) const;
  Result<> write_marks(int tree);
  Result<> publish(Staging& staging);
  void list();

  const OutputsPlan& plan_;
  const Destination& destination_;
  std::span<const Source> sources_;
  Specs specs_;
  bool has_succeeded_;
  Watch watch_;
  Found found_;
  std::vector<Entry> moved_;  // those that are put elsewhere
  bool is_visible_ = false;
  CarriedOutputs carried_;
};

Result<> Export::find() {
  CollectBounds bounds;
  struct stat status {};
  if (goes_whole())
    if (const sys::Fd directory = destination_.open_outputs(); directory && ::fstat(directory.get(), &status) == 0) bounds.passed_over.push_back(sys::id_of(status));
  TRY_ASSIGN(found_, collect(sources_, specs_, bounds));
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (found_.taken[i] > 0) continue;
    // A step that failed may have come to its end before it made them.
    if (specs_[i]->is_required && has_succeeded_)
      return fail("there is no output " + quoted(specs_[i]->text) + " (" + escaped(specs_[i]->origin.text()) + ")",
                  "let the step write it, or declare it as optional: " + how_to_make_optional(*specs_[i]));
    carried_.missing.push_back(specs_[i]->text);
  }
  return {};
}

Result<> Export::read_in_place() {
  std::vector<Entry> staying;
  for (Entry& entry : found_.entries) (is_in_place(entry) ? staying : moved_).push_back(std::move(entry));
  found_.entries.clear();
  if (const Result<CopyNotes> read = copy(staying, {.sources = sources_, .target = -1, .where = {}}, watch_); !read) return std::unexpected(read.error());
  found_.entries = std::move(staying);
  carried_.state = CarriedOutputs::State::recorded;
  return {};
}

Result<> Export::put() {
  if (destination_.way() == Way::none || (moved_.empty() && plan_.view != CheckoutView::overlay && !goes_whole())) return {};
  TRY_ASSIGN(Staging staging, Staging::create(destination_.place(), destination_.path()));
  if (::mkdirat(staging.fd(), "new", 0700) != 0) return fail_errno("cannot stage outputs beside " + quoted(destination_.path()), errno);
  const std::string top = destination_.way() == Way::whole ? "new/" + destination_.name() : "new";
  if (destination_.way() == Way::whole && ::mkdirat(staging.fd(), top.c_str(), 0700) != 0)
    return fail_errno("cannot stage outputs beside " + quoted(destination_.path()), errno);
  const sys::Fd tree(::openat(staging.fd(), top.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tree) return fail_errno("cannot stage outputs beside " + quoted(destination_.path()), errno);
  TRY(stage(staging, tree.get()));
  TRY(publish(staging));
  is_visible_ = true;
  carried_.state = CarriedOutputs::State::carried;
  if (const int error = staging.remove(); error != 0)
    carried_.warnings.push_back(Error::from_errno("cannot remove the old outputs of " + quoted(destination_.path()), error).message);
  std::ranges::move(moved_, std::back_inserter(found_.entries));
  std::ranges::sort(found_.entries, {}, &Entry::path);
  return {};
}

Result<> Export::stage(const Staging& staging, int tree) {
  const CopyMeans means{.sources = sources_, .target = tree, .where = destination_.path()};
  TRY_ASSIGN(const CopyNotes notes, copy(moved_, means, watch_));
  if (notes.without_attributes > 0)
    carried_.warnings.push_back("the file system of " + quoted(destination_.path()) + " did not take the extended attributes of " + std::to_string(notes.without_attributes) + " outputs");
  if (goes_whole()) {
    TRY(check_links(tree));
    TRY(write_marks(tree));
  }
  if (destination_.way() == Way::whole && ::fchmod(tree, destination_.mode()) != 0) return fail_errno("cannot set the mode of " + quoted(destination_.path()), errno);
  watch_.say("writing to the disk");
  TRY(make_durable(moved_, means));
  for (const int directory : {tree, staging.fd()})
    if (::fsync(directory) != 0) return fail_errno("cannot write the outputs for " + quoted(destination_.path()) + " to the disk", errno);
  const sys::Fd fresh(::openat(staging.fd(), "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fresh && ::fsync(fresh.get()) == 0 ? Result<>() : fail_errno("cannot write the outputs for " + quoted(destination_.path()) + " to the disk", errno);
}

// In a directory of outputs, a link leads to another output, or leads nowhere as it did for the step.
Result<> Export::check_links(int tree) const {
  for (const Entry& entry : moved_) {
    if (entry.kind != OutputKind::link || follow(tree, entry.path) != Leads::nowhere) continue;
    if (follow(sources_[entry.source].directory, entry.path) == Leads::somewhere)
      return fail("output " + named(entry.path) + " is a symbolic link to " + named(entry.link) + ", which is not among the outputs", "declare that, too");
  }
  return {};
}

Result<> Export::write_marks(int tree) {
  const auto write = [&](const char* name, const std::string& text) -> Result<> {
    const sys::Fd file(::openat(tree, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    int error = file ? sys::write_all(file.get(), text) : errno;
    if (error == 0 && ::fsync(file.get()) != 0) error = errno;
    return error == 0 ? Result<>() : fail_errno("cannot write " + quoted(name) + " to " + quoted(destination_.path()), error);
  };
  std::string mark = mark_text(moved_);
  if (const std::string& name = destination_.manifest_inside(); !name.empty()) {
    TRY(write(name.c_str(), sums_text(moved_)));
    mark += sum_line_of(name, sums_text(moved_));
  }
  return write(kMarkName, mark);
}

Result<> Export::publish(Staging& staging) {
  const Stage stage{.destination = destination_.place(), .staging = staging.fd(), .where = destination_.path()};
  if (goes_whole()) TRY(destination_.check_replaceable());
  std::vector<Move> moves;
  if (destination_.way() == Way::whole) {
    struct stat status {};
    if (::fstatat(staging.fd(), ("new/" + destination_.name()).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return fail_errno("cannot look at the staged outputs", errno);
    moves.push_back({Move::Kind::place, destination_.name(), status.st_ino});
  } else if (destination_.way() == Way::mounted) {
    TRY_ASSIGN(moves, moves_replacing_all(stage));
  } else {
    TRY_ASSIGN(moves, moves_into(stage, {.entries = moved_, .sources = sources_, .specs = specs_, .replaces_checkout = plan_.view == CheckoutView::overlay}));
  }
  if (moves.empty()) return {};
  if (destination_.way() == Way::into)
    if (const Move* move = moves_of_kept(moves, destination_.path(), plan_.kept_from_step); move != nullptr)
      return fail("output " + named(move->path) + " would change what the policy keeps from the step (--ro, --hide)", "let the step write it under another name, or carry outputs to --outputs-to DIR");
  TRY(write_journal(stage, moves));
  const Result<> done = perform(stage, moves);
  drop_journal(stage);
  return done;
}

void Export::list() {
  for (const Entry& entry : found_.entries) {
    if (entry.is_passage) continue;
    if (entry.kind == OutputKind::directory) {
      ++carried_.directories;
      continue;
    }
    ++carried_.files;
    carried_.bytes += entry.bytes;
    if (carried_.listed.size() == CarriedOutputs::kMostListed) continue;
    carried_.listed.push_back({.path = entry.path,
                               .kind = entry.kind,
                               .bytes = entry.bytes,
                               .mode = entry.mode,
                               .sha256 = entry.kind == OutputKind::file ? digest::hex(entry.digest) : std::string(),
                               .target = entry.link});
  }
}

}  // namespace

CarriedOutputs carry_out(const OutputsPlan& plan, const Destination& destination, std::span<const Source> sources, const StepEnd& end) {
  return Export(plan, destination, sources, end).run();
}

}  // namespace stepbox::outputs
