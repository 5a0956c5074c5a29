#include <algorithm>

#include "base/text.hpp"
#include "ci/ci_files.hpp"
#include "plan/links_out.hpp"
#include "plan/make_plan.hpp"
#include "plan/parts.hpp"
#include "plan/system_places.hpp"

namespace stepbox::plan {
namespace {

Error cannot_use(const std::string& checkout, const std::string& why) {
  return Error{"cannot use " + quoted(checkout) + " as the checkout: " + why};
}

Error cannot_show(const std::string& checkout) {
  return cannot_use(checkout, "it holds places that the box replaces (home, /tmp, /run, ...)")
      .with_hint("change to the project's directory, or use --source none");
}

// A CI engine may keep its workspaces anywhere, /var/lib included. A directory that it opens to its jobs is not the
// checkout by accident.
bool is_announced(const std::string& directory, const HostFacts& facts) {
  const std::vector<ci::CiPath> announced = ci::announced_ci_paths(facts);
  return std::ranges::any_of(announced, [&](const ci::CiPath& path) {
    return path.access == PathAccess::rw && path.file.empty() && is_within(directory, path.path);
  });
}

// Whether opening the checkout would let the step see and do no more than it can anyway.
bool adds_nothing(PlaceKind kind, const Policy& policy) {
  if (kind == PlaceKind::home) return policy.home.value == HomeMode::host || (policy.home.value == HomeMode::overlay && policy.source.value != SourceMode::rw);
  return policy.source.value != SourceMode::rw && policy.root.value != RootMode::system;
}

std::string text_of(const SystemPlace& place) {
  constexpr std::string_view kNoMark = ", and no project is marked there (.git, .hg, .stepbox.yaml, ...)";
  if (place.kind == PlaceKind::home) return "it is a home directory" + std::string(kNoMark);
  if (place.kind == PlaceKind::system) return "it is a directory of the system" + std::string(kNoMark);
  return "it lies in " + std::string(place.system) + ", which belongs to the system" + std::string(kNoMark);
}

// Whether naming the directory would work: a named checkout may be a place that the box otherwise replaces.
bool can_be_named(const std::string& checkout, const Policy& policy, const HostFacts& facts) {
  return Layout(facts, policy.home.value, {checkout, true}).can_show_checkout(checkout);
}

Result<> refuse_mere_presence(const Policy& policy, const HostFacts& facts) {
  const SystemPlace place = system_place_of(facts.checkout, facts);
  if (is_project(facts) || adds_nothing(place.kind, policy)) return {};
  Error error = cannot_use(facts.checkout, text_of(place));
  const bool can_name = can_be_named(facts.checkout, policy, facts);
  return std::unexpected(std::move(error).with_hint(std::string("change to the project's directory, or ") +
                                                    (can_name ? "name this one: --source-path ." : "use --source none")));
}

Result<std::string> named_source_path(const Policy& policy, const HostFacts& facts) {
  const std::string named = expand_home(*policy.source_path.value, facts);
  const HostFacts::NamedPath* found = facts.find(named);
  if (found == nullptr || found->kind != HostPathKind::directory)
    return fail("source path " + quoted(named) + " (" + policy.source_path.origin.text() + ") is not a directory");
  if (LinksOut(facts).lead_out(named, *found))
    return fail("cannot use " + quoted(named) + " (" + escaped(policy.source_path.origin.text()) + ") as the checkout: " + LinksOut::text_of(*found),
                "if you mean that place, name the real path: --source-path " + escaped(found->real));
  return found->real;
}

}  // namespace

bool is_project(const HostFacts& facts) {
  if (facts.checkout_is_marked) return true;
  const PlaceKind kind = system_place_of(facts.checkout, facts).kind;
  return kind == PlaceKind::project || (kind == PlaceKind::below_system && is_announced(facts.checkout, facts));
}

Result<Checkout> choose_checkout(const Policy& policy, const HostFacts& facts) {
  if (policy.source_path.value) {
    TRY_ASSIGN(std::string named, named_source_path(policy, facts));
    return Checkout{std::move(named), true};
  }
  // Without a checkout, or without any confinement, there is nothing to refuse.
  if (policy.source.value != SourceMode::none && policy.isolation.value != Isolation::env) TRY(refuse_mere_presence(policy, facts));
  // A work tree may be the home: podman makes the working directory the home of a user that the image does not know.
  const bool is_home = system_place_of(facts.checkout, facts).kind == PlaceKind::home;
  return Checkout{facts.checkout, facts.checkout_is_marked && is_home};
}

Result<> check_checkout(SourceMode source, const Checkout& checkout, const Layout& layout) {
  if (source == SourceMode::none || layout.can_show_checkout(checkout.path)) return {};
  return std::unexpected(cannot_show(checkout.path));
}

std::string starting_directory(const FilesPlan& files, const Policy& policy, const HostFacts& facts) {
  if (files.source == SourceMode::none) return "/box/home";
  // If the caller is outside the named source path, the step starts in that path: the work is there.
  return policy.source_path.value && !is_within(facts.cwd, files.source_path) ? files.source_path : facts.cwd;
}

}  // namespace stepbox::plan
