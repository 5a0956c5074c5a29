#include "plan/situations.hpp"

namespace stepbox::test {
namespace {

using Change = void (*)(Situation&);

struct Row {
  const char* name;
  Change change;
};

void stand_in(Situation& s, const std::string& directory, const std::string& seen_at) {
  s.facts.cwd = s.facts.checkout = directory;
  s.writable = {seen_at + " = " + directory};
}
void stand_in(Situation& s, const std::string& directory) {
  stand_in(s, directory, directory);
}

void live_in(Situation& s, const std::string& home) {
  s.facts.home = s.facts.passwd_home = home;
}

const Row kRows[] = {
    {"nothing special", [](Situation&) {}},
    {"a checkout below home",
     [](Situation& s) {
       live_in(s, "/home/bob");
       stand_in(s, "/home/bob/work");
     }},
    {"a checkout below /tmp", [](Situation& s) { stand_in(s, "/tmp/build/work"); }},
    {"a checkout below /var/tmp", [](Situation& s) { stand_in(s, "/var/tmp/work"); }},
    {"a checkout below /run", [](Situation& s) { stand_in(s, "/run/agent/work"); }},
    {"a checkout at the top",
     [](Situation& s) {
       s.facts.root_entries.push_back({"work", HostPathKind::directory, {}});
       stand_in(s, "/work");
     }},
    {"a named checkout equal to home",
     [](Situation& s) {
       live_in(s, "/home/bob");
       stand_in(s, "/home/bob");
       has_directory(s.facts, "/home/bob");
       s.policy.source_path.value = "/home/bob";
     }},
    {"a marked checkout equal to home",
     [](Situation& s) {
       live_in(s, "/home/bob");
       stand_in(s, "/home/bob");
       s.facts.checkout_is_marked = true;
     }},
    {"a home in the checkout",
     [](Situation& s) {
       live_in(s, "/srv/work/.home");
       stand_in(s, "/srv/work");
     }},
    {"no checkout, in the root",
     [](Situation& s) {
       stand_in(s, "/");
       s.policy.source.value = SourceMode::none;
       s.writable = {};
     }},
    {"a named checkout equal to /tmp",
     [](Situation& s) {
       stand_in(s, "/tmp");
       has_directory(s.facts, "/tmp");
       s.policy.source_path.value = "/tmp";
     }},
    {"a read-only checkout",
     [](Situation& s) {
       s.policy.source.value = SourceMode::ro;
       s.writable = {};
     }},
    {"a checkout as an overlay",
     [](Situation& s) {
       s.policy.source.value = SourceMode::overlay;
       s.writable = {};
     }},
    {"a checkout below /tmp as an overlay, and an own volume for it",
     [](Situation& s) {
       stand_in(s, "/tmp/build/work");
       s.policy.source.value = SourceMode::overlay;
       s.policy.volumes = {own_volume("scratch", 64 * kMiB, 1000), own_volume("tmp", 64 * kMiB, 1000)};
       s.writable = {};
     }},
    {"the host's root as an overlay",
     [](Situation& s) {
       if (s.policy.root.value == RootMode::ro) s.policy.root.value = RootMode::overlay;
     }},
    {"the home as an overlay",
     [](Situation& s) {
       live_in(s, "/home/bob");
       stand_in(s, "/home/bob/work");
       for (const char* path : {"/home/bob/.cache", "/home/bob/go/pkg/mod"}) has_directory(s.facts, path);
       s.policy.home.value = HomeMode::overlay;
     }},
    {"no checkout",
     [](Situation& s) {
       s.policy.source.value = SourceMode::none;
       s.writable = {};
     }},
    {"no checkout, below home",
     [](Situation& s) {
       live_in(s, "/home/bob");
       stand_in(s, "/home/bob/work");
       s.policy.source.value = SourceMode::none;
       s.writable = {};
     }},
    {"a source path elsewhere",
     [](Situation& s) {
       has_directory(s.facts, "/opt/project");
       s.policy.source_path.value = "/opt/project";
       s.writable = {"/opt/project = /opt/project"};
     }},
    {"/var/tmp is a link to /tmp", [](Situation& s) { s.facts.var_tmp = "/tmp"; }},
    {"no /var/tmp", [](Situation& s) { s.facts.var_tmp.clear(); }},
    {"two homes",
     [](Situation& s) {
       s.facts.home = "/home/bob";
       s.facts.passwd_home = "/opt/homes/bob";
       stand_in(s, "/srv/work");
     }},
    {"one home below the other",
     [](Situation& s) {
       s.facts.home = "/home/bob/ci";
       s.facts.passwd_home = "/home/bob";
       stand_in(s, "/srv/work");
     }},
    {"a home of /", [](Situation& s) { live_in(s, "/"); }},
    {"a home of /usr/sbin", [](Situation& s) { live_in(s, "/usr/sbin"); }},
    {"a home below /tmp", [](Situation& s) { live_in(s, "/tmp/home"); }},
    {"a top-level home", [](Situation& s) { live_in(s, "/root"); }},
    {"no home", [](Situation& s) { live_in(s, ""); }},
    {"the home of the host",
     [](Situation& s) {
       live_in(s, "/home/bob");
       s.policy.home.value = HomeMode::host;
       stand_in(s, "/srv/work");
       s.writable.insert(s.writable.begin(), "/home/bob = /home/bob");
     }},
    {"toolchains and programs in home",
     [](Situation& s) {
       live_in(s, "/home/bob");
       stand_in(s, "/srv/work");
       for (const char* path : {"/home/bob/.rustup", "/home/bob/.cargo/bin", "/home/bob/go/bin", "/home/bob/bin"})
         has_directory(s.facts, path);
       s.facts.environment[0] = "PATH=/home/bob/bin:/home/bob/.cargo/bin:/usr/bin:/home/bob:relative:";
     }},
    {"every volume on its own",
     [](Situation& s) {
       for (const char* name : {"tmp", "cache", "home", "scratch", "out", "shm", "run"})
         s.policy.volumes.push_back(own_volume(name, 64 * kMiB, 1000));
     }},
    {"a tmp volume and a checkout below /tmp",
     [](Situation& s) {
       s.policy.volumes.push_back(own_volume("tmp", 64 * kMiB, 1000));
       stand_in(s, "/tmp/work");
     }},
    {"redirects of the policy",
     [](Situation& s) {
       for (const char* value : {"cache/mine/deep/er", "scratch/x", "out", "tmp/x/y", "home/.mine", "run/x", "shm/x"})
         s.policy.environment.push_back(
             {EnvAction::redirect, "V" + std::to_string(s.policy.environment.size()), value, {}});
     }},
    {"rules of every kind",
     [](Situation& s) {
       for (const char* path : {"/srv/sdk", "/srv/sdk/state", "/etc/secrets", "/opt/data", "/tmp/shared"})
         has_directory(s.facts, path);
       has_file(s.facts, "/srv/sdk/token");
       s.policy.paths = {rule(PathAccess::rw, "/srv/sdk/state"),   rule(PathAccess::ro, "/srv/sdk"),
                         rule(PathAccess::hide, "/srv/sdk/token"), rule(PathAccess::hide, "/etc/secrets"),
                         rule(PathAccess::rw, "/opt/data"),        rule(PathAccess::rw, "/tmp/shared")};
       s.writable.insert(s.writable.end(),
                         {"/opt/data = /opt/data", "/srv/sdk/state = /srv/sdk/state", "/tmp/shared = /tmp/shared"});
     }},
    {"devices",
     [](Situation& s) {
       has_file(s.facts, "/dev/kvm");
       has_directory(s.facts, "/dev/dri");
       s.policy.paths = {rule(PathAccess::rw, "/dev/kvm"), rule(PathAccess::rw, "/dev/dri")};
       s.writable.insert(s.writable.end(), {"/dev/dri = /dev/dri", "/dev/kvm = /dev/kvm"});
     }},
    {"GitHub Actions",
     [](Situation& s) {
       live_in(s, "/home/runner");
       stand_in(s, "/home/runner/work/p/p");
       has_directory(s.facts, "/home/runner/work/_temp");
       has_directory(s.facts, "/home/runner/work/_temp/_runner_file_commands");
       for (const char* variable : {"GITHUB_ACTIONS=true", "RUNNER_TEMP=/home/runner/work/_temp",
                                    "GITHUB_ENV=/home/runner/work/_temp/_runner_file_commands/set_env_1"})
         s.facts.environment.push_back(variable);
       // A reduced root lets such files be read, and no more.
       if (s.policy.root.value == RootMode::ro) s.writable.push_back("/home/runner/work/_temp = /home/runner/work/_temp");
     }},
    {"toolchains beside the system",
     [](Situation& s) {
       for (const char* path : {"/opt/go-1.22/bin", "/opt/go-1.22", "/opt/go-1.22/lib", "/opt/scripts", "/opt/jdk", "/nix/store"})
         has_directory(s.facts, path);
       s.facts.root_entries.push_back({"nix", HostPathKind::directory, {}});
       s.facts.paths["/opt/go/bin"] = {.real = "/opt/go-1.22/bin", .kind = HostPathKind::directory, .links = {{"/opt/go", "go-1.22"}}};
       s.facts.environment[0] = "PATH=/opt/go/bin:/opt/scripts:/usr/bin";
       s.facts.environment.push_back("JAVA_HOME=/opt/jdk");
     }},
    {"secrets that the step's ids may read",
     [](Situation& s) {
       s.facts.private_paths = {{"/etc/shadow", HostPathKind::file}, {"/etc/ssl/private", HostPathKind::directory}};
     }},
    {"systemd-resolved and a terminal",
     [](Situation& s) {
       s.facts.resolv_conf = "/run/systemd/resolve/stub-resolv.conf";
       has_file(s.facts, s.facts.resolv_conf);
       s.facts.terminal = "/dev/pts/7";
     }},
};

}  // namespace

std::vector<Situation> situations() {
  struct Posture {
    const char* name;
    HostFacts (*facts)();
  };
  static constexpr Posture kPostures[] = {
      {"user", user_facts}, {"root", root_facts}, {"degraded root", degraded_facts}};
  std::vector<Situation> all;
  for (const Posture& posture : kPostures) {
    for (const RootMode root : {RootMode::ro, RootMode::system}) {
      for (const Row& row : kRows) {
        Situation made{std::string(posture.name) + ", root " + name_of(root) + ", " + row.name, posture.facts(), default_policy(), {}};
        made.policy.root.value = root;
        // Without the host's network what is shown is seen through overlays.
        if (root == RootMode::system) made.policy.network.value = NetworkMode::loopback;
        stand_in(made, made.facts.checkout);
        row.change(made);
        all.push_back(std::move(made));
      }
    }
  }
  return all;
}

}  // namespace stepbox::test
