#include "plan/warm.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.hpp"
#include "caches/registry.hpp"
#include "plan/make_plan.hpp"
#include "plan/overlays.hpp"

namespace stepbox::plan {
namespace {

const WarmSpec* spec_of(const Policy& policy, std::string_view name) {
  const auto found = std::ranges::find(policy.warm_caches, name, &WarmSpec::name);
  return found == policy.warm_caches.end() ? nullptr : &*found;
}

bool is_offered(const Policy& policy, std::string_view name) {
  return std::ranges::find(policy.warm_offer, name, &NamedWarm::name) != policy.warm_offer.end();
}

bool is_projects(const NamedWarm& named) { return named.origin.layer == Layer::project; }

std::vector<CoveredDirectory> directories_of(const caches::WarmCache& cache) {
  std::vector<CoveredDirectory> covered;
  for (const caches::WarmDirectory& directory : cache.directories) {
    CoveredDirectory one{std::string(directory.path), caches::rules_of(directory), directory.when, {}};
    for (const caches::WarmStart& file : directory.start) one.start.emplace_back(file.name, file.text);
    covered.push_back(std::move(one));
  }
  return covered;
}

std::vector<CoveredDirectory> directories_of(const WarmSpec& spec) {
  std::vector<CoveredDirectory> covered;
  for (const std::string& directory : spec.directories) {
    CoveredDirectory one{directory, {}, caches::WarmWhen::always, {}};
    for (const std::string& pattern : spec.drop) one.rules.push_back({directory + "/" + pattern, WarmMerge::drop, WarmTimes::kept});
    one.rules.push_back({directory + "/*", spec.merge.value_or(WarmMerge::exclusive), WarmTimes::kept});
    covered.push_back(std::move(one));
  }
  return covered;
}

std::unexpected<Error> unknown(const NamedWarm& named, const Policy& policy) {
  std::vector<std::string_view> names;
  for (const caches::WarmCache& cache : caches::warm_caches()) names.push_back(cache.name);
  for (const WarmSpec& spec : policy.warm_caches) names.push_back(spec.name);
  const std::string meant = nearest_or_all(named.name, names);
  return fail("there is no warm cache " + quoted(named.name) + " (" + escaped(named.origin.text()) + ")" + (meant.empty() ? "" : "; " + meant),
              "define it in your policy: warm-caches: {" + named.name + ": {directories: [cache/" + named.name + "]}}");
}

Result<> check_spec(const WarmSpec& spec) {
  if (caches::find_warm_cache(spec.name) == nullptr) return {};
  if (spec.directories.empty() && spec.drop.empty() && !spec.merge) return {};
  return fail(escaped(spec.origin.text()) + ": the warm cache " + quoted(spec.name) +
                  " is built in: its directories and what a save may do with them cannot be changed",
              "choose another name for a cache of your own");
}

Result<> check_apart(const std::vector<NamedCache>& caches) {
  for (size_t i = 0; i < caches.size(); ++i)
    for (size_t j = 0; j <= i; ++j)
      for (const CoveredDirectory& a : caches[i].directories)
        for (const CoveredDirectory& b : caches[j].directories)
          if (&a != &b && is_within("/" + a.path, "/" + b.path))
            return fail("the warm caches " + quoted(caches[i].name) + " and " + quoted(caches[j].name) + " both cover " + quoted(a.path),
                        "leave one of them out (" + escaped(caches[i].origin->text()) + ", " + escaped(caches[j].origin->text()) + ")");
  return {};
}

Result<NamedCache> cache_of(const NamedWarm& named, const Policy& policy) {
  NamedCache cache{.name = named.name, .origin = &named.origin, .spec = spec_of(policy, named.name), .known = caches::find_warm_cache(named.name)};
  cache.is_refused = is_projects(named) && !is_offered(policy, named.name);
  if (cache.is_refused) return cache;
  if (cache.spec != nullptr) TRY(check_spec(*cache.spec));
  if (cache.known != nullptr) cache.directories = directories_of(*cache.known);
  else if (cache.spec != nullptr) cache.directories = directories_of(*cache.spec);
  if (cache.directories.empty()) return unknown(named, policy);
  return cache;
}

// The redirect that leads to the directory: of several, the deepest.
std::pair<const caches::Tool*, const caches::Redirect*> redirect_to(std::string_view path) {
  std::pair<const caches::Tool*, const caches::Redirect*> best{};
  for (const caches::Tool& tool : caches::tools())
    for (const caches::Redirect& redirect : tool.redirects) {
      if (redirect.create == caches::Create::none || !is_within("/" + std::string(path), "/" + std::string(redirect.value))) continue;
      if (best.second == nullptr || redirect.value.size() > best.second->value.size()) best = {&tool, &redirect};
    }
  return best;
}

// Why the tool of this directory looks elsewhere; empty if it does not.
std::string why_unused(const std::string& path, const Redirects& redirects, const HostFacts& facts) {
  const auto [tool, redirect] = redirect_to(path);
  if (redirect == nullptr) return {};
  const std::string variable(redirect->variable);
  const Decision decision = redirects.decide(*tool, *redirect);
  switch (decision.fate) {
    case Fate::box: break;
    case Fate::place: return variable + " leads to " + quoted(decision.value) + " (" + escaped(decision.origin.text()) + ")";
    case Fate::caller: return variable + " keeps its value outside the box";
    case Fate::named: return "a rule of the policy decides on " + variable;
  }
  constexpr std::string_view kHome = "home/";
  const std::string outside = path.starts_with(kHome) ? expand_home("~/" + path.substr(kHome.size()), facts) : std::string();
  if (!outside.empty() && redirects.is_shown(outside)) return "a path rule shows " + quoted(outside);
  return {};
}

WarmBounds bounds_of(const WarmSpec* spec) {
  WarmBounds bounds;
  if (spec == nullptr) return bounds;
  if (spec->max) bounds.max_bytes = spec->max->amount;
  if (spec->keep) bounds.keep = *spec->keep;
  if (spec->refresh_size) bounds.refresh_bytes = spec->refresh_size->amount;
  bounds.refresh_age = spec->refresh_age;
  return bounds;
}

std::chrono::sys_seconds now_of(const HostFacts& facts) {
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<int64_t>(facts.now)));
}

bool applies(caches::WarmWhen when, bool metacopy) {
  return when == caches::WarmWhen::always || (when == caches::WarmWhen::metacopy) == metacopy;
}

class Planner {
 public:
  Planner(const Plan& plan, const Policy& policy, const HostFacts& facts, Remarks& remarks)
      : plan_(plan), policy_(policy), facts_(facts), remarks_(remarks), redirects_(plan, policy, facts), metacopy_(has_metacopy(plan.identity, facts)) {}

  Result<WarmPlan> make() {
    TRY_ASSIGN(const std::vector<NamedCache> caches, named_caches(policy_));
    for (const NamedCache& cache : caches) TRY(add(cache));
    return std::move(made_);
  }

 private:
  Result<> add(const NamedCache& cache) {
    PlannedWarm planned{.name = cache.name, .bounds = bounds_of(cache.spec), .origin = *cache.origin};
    const auto found = std::ranges::find(facts_.warm, cache.name, &HostFacts::Warm::name);
    const HostFacts::Warm* stored = found == facts_.warm.end() ? nullptr : &*found;
    add_directories(planned, cache);
    choose_saving(planned, cache, stored);
    TRY(choose_generation(planned, cache, stored));
    if (planned.generation) TRY(add_overlays(planned, *stored));
    warn_if_unused(planned);
    if (!planned.why_cold.empty()) note(planned, "starts cold: " + planned.why_cold);
    if (!planned.why_unsaved.empty()) note(planned, "is not saved: " + planned.why_unsaved);
    made_.caches.push_back(std::move(planned));
    return {};
  }

  // Nothing of a generation would be seen, and the run would be cold without a word.
  void warn_if_unused(const PlannedWarm& planned) {
    const bool is_used = std::ranges::any_of(planned.directories, [](const PlannedWarmDirectory& directory) { return directory.overlay >= 0; });
    const auto unused = std::ranges::find_if(planned.directories, [](const PlannedWarmDirectory& directory) { return !directory.stored.empty() && !directory.unused.empty(); });
    if (is_used || unused == planned.directories.end()) return;
    remarks_.warnings.push_back("warm cache " + quoted(planned.name) + " (" + escaped(planned.origin.text()) + ") has no effect: " + unused->unused);
  }

  void note(const PlannedWarm& planned, const std::string& what) {
    remarks_.notes.push_back("warm cache " + quoted(planned.name) + " " + what);
  }

  void add_directories(PlannedWarm& planned, const NamedCache& cache) const {
    for (const CoveredDirectory& covered : cache.directories) {
      const bool is_for_this = applies(covered.when, metacopy_);
      std::string unused = is_for_this ? why_unused(covered.path, redirects_, facts_) : "it is for " + std::string(metacopy_ ? "ordinary users" : "root");
      planned.directories.push_back({.path = covered.path, .unused = std::move(unused), .rules = covered.rules});
    }
  }

  void choose_saving(PlannedWarm& planned, const NamedCache& cache, const HostFacts::Warm* stored) const {
    if (!policy_.warm_save.value) return;
    if (stored != nullptr) planned.key = stored->key;
    if (cache.origin->layer == Layer::project) planned.why_unsaved = "only the project's policy names it";
    else if (plan_.confinement.isolation != Isolation::full) planned.why_unsaved = "the step has no box";
    else if (!facts_.no_warm_store.empty()) planned.why_unsaved = facts_.no_warm_store;
    planned.save = planned.why_unsaved.empty();
  }

  Result<> choose_generation(PlannedWarm& planned, const NamedCache& cache, const HostFacts::Warm* stored) const {
    const bool is_projects = cache.origin->layer == Layer::project;
    if (cache.is_refused) planned.why_cold = "the machine does not offer it to projects (warm-offer)";
    else if (plan_.confinement.isolation != Isolation::full) planned.why_cold = "without a box there are no overlays";
    else if (!facts_.no_warm_store.empty()) planned.why_cold = facts_.no_warm_store;
    else if (stored != nullptr && !stored->problem.empty() && is_projects) planned.why_cold = stored->problem;
    else if (stored != nullptr && !stored->problem.empty()) return fail(stored->problem, stored->remedy);
    else if (stored == nullptr || !stored->generation) planned.why_cold = "nothing has been saved yet";
    if (stored != nullptr) planned.seen = stored->newest;
    if (!planned.why_cold.empty()) return {};
    if (planned.save && is_refresh_due(*stored->generation, planned.bounds, now_of(facts_))) {
      planned.why_cold = "a refresh is due: this run saves from an empty cache";
      return {};
    }
    planned.generation = stored->generation;
    if (!metacopy_) planned.degraded = "a file that a step touches is copied as a whole: an ordinary user's overlay has no metacopy";
    return {};
  }

  Result<> add_overlays(PlannedWarm& planned, const HostFacts::Warm& stored) {
    for (PlannedWarmDirectory& directory : planned.directories) {
      if (std::ranges::find(stored.directories, directory.path) == stored.directories.end()) continue;
      directory.stored = stored.tree + "/" + directory.path;
      if (!directory.unused.empty()) continue;
      PlannedOverlay overlay{.of = OverlayOf::warm,
                             .path = plan_.files.box + "/" + directory.path,
                             .lowers = {directory.stored},
                             .why = "warm cache " + planned.name,
                             .origin = planned.origin};
      TRY(check_overlay(overlay.lowers.front(), overlay.why, overlay.origin, plan_.identity, facts_));
      directory.overlay = static_cast<int>(plan_.files.overlays.size() + made_.overlays.size());
      made_.overlays.push_back(std::move(overlay));
    }
    return {};
  }

  const Plan& plan_;
  const Policy& policy_;
  const HostFacts& facts_;
  Remarks& remarks_;
  Redirects redirects_;
  bool metacopy_;
  WarmPlan made_ = {};
};

std::string with_time(std::string text, const HostFacts& facts) {
  constexpr std::string_view kNow = "{now}";
  if (const size_t at = text.find(kNow); at != std::string::npos)
    text.replace(at, kNow.size(), std::to_string(static_cast<int64_t>(std::floor(facts.now))));
  return text;
}

}  // namespace

bool has_metacopy(const Identity& identity, const HostFacts& facts) {
  return identity.isolation != UidIsolation::mapped && identity.isolation != UidIsolation::none && !facts.root_is_mapped_elsewhere;
}

Result<std::vector<NamedCache>> named_caches(const Policy& policy) {
  std::vector<NamedCache> caches;
  for (const NamedWarm& named : policy.warm) {
    TRY_ASSIGN(NamedCache cache, cache_of(named, policy));
    caches.push_back(std::move(cache));
  }
  TRY(check_apart(caches));
  return caches;
}

Result<WarmPlan> plan_warm(const Plan& plan, const Policy& policy, const HostFacts& facts, Remarks& remarks) {
  if (policy.warm.empty() && policy.warm_save.value && policy.warm_save.origin.layer == Layer::command_line)
    return fail(escaped(policy.warm_save.origin.text()) + " saves warm caches, and none is named", "name one: --warm go");
  if (policy.warm.empty()) return WarmPlan();
  return Planner(plan, policy, facts, remarks).make();
}

std::vector<MountCall> warm_start_files(const Plan& plan, const HostFacts& facts) {
  std::vector<MountCall> files;
  for (const PlannedWarm& planned : plan.warm) {
    const caches::WarmCache* known = caches::find_warm_cache(planned.name);
    for (const PlannedWarmDirectory& directory : planned.directories) {
      if (directory.overlay < 0 || known == nullptr) continue;
      const auto covered = std::ranges::find(known->directories, directory.path, &caches::WarmDirectory::path);
      for (const caches::WarmStart& file : covered->start)
        files.push_back({.act = MountAct::file,
                         .source = with_time(std::string(file.text), facts),
                         .target = plan.files.box.substr(1) + "/" + directory.path + "/" + std::string(file.name),
                         .mode = 0644});
    }
  }
  return files;
}

std::vector<EnvEntry> warm_variables(const Plan& plan, const HostFacts& facts) {
  constexpr std::string_view kBox = "{box}";
  std::vector<EnvEntry> entries;
  for (const PlannedWarm& planned : plan.warm) {
    const caches::WarmCache* known = caches::find_warm_cache(planned.name);
    if (known == nullptr || (!planned.generation && !planned.save)) continue;
    for (const caches::WarmVariable& variable : known->environment) {
      if (!applies(variable.when, has_metacopy(plan.identity, facts))) continue;
      std::string value(variable.value);
      if (const size_t at = value.find(kBox); at != std::string::npos) value.replace(at, kBox.size(), plan.files.box);
      entries.push_back({std::string(variable.name), std::move(value), EnvCause::warm, known->name, {}});
    }
  }
  return entries;
}

}  // namespace stepbox::plan
