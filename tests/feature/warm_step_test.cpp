// Steps that read through a warm cache, and runs that save one: what reaches the next step, and what does not.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "support/host.hpp"
#include "support/overlays.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

const HostFeature companion = {"stepbox-warm", [] { return fs::exists(suite_folder() / "libexec/stepbox/stepbox-warm"); }, "build the target stepbox-warm"};
const HostFeature go_tool = {"go", [] { return fs::exists("/usr/bin/go"); }, "packaging/apt-install.sh --for go"};
const HostFeature ccache_tool = {"ccache and a C compiler", [] { return fs::exists("/usr/bin/ccache") && fs::exists("/usr/bin/gcc"); },
                                 "apt-get install ccache gcc"};

// A place with a store of its own, and a warm cache `mine` at cache/mine.
struct WarmPlace : Place {
  explicit WarmPlace(Caller caller) : WarmPlace(caller, "store") {}
  // The store below a directory that is there, or, by a relative path, below the root of the place.
  WarmPlace(Caller caller, const fs::path& store) : Place(caller), store_(root() / store) {
    if (store.is_absolute()) {
      make_directory(store_, 0700);
      return;
    }
    fs::path made = root();
    for (const fs::path& name : store) {
      made /= name;
      if (!fs::exists(made)) make_directory(made, 0700);
    }
  }

  const fs::path& store() const { return store_; }

  Run run_warm(std::vector<std::string> options, std::vector<std::string> argv) const {
    Command command = step(std::move(options), std::move(argv));
    command.environment.push_back("STEPBOX_WARM_STORE=" + store().string());
    command.timeout = seconds(300 * patience_factor());
    return run(command);
  }
  // A shell's step with the cache `mine`.
  Run run_mine(std::vector<std::string> more, const std::string& script) const {
    std::vector<std::string> options = {"--warm", "mine", "--warm-cache", "mine=directories=cache/mine,drop=*.lock,merge=unite"};
    options.insert(options.end(), more.begin(), more.end());
    return run_warm(std::move(options), {"sh", "-ec", script});
  }

  // Everything that the store has: names, modes, owners, sizes, times and contents.
  std::string fingerprint() const {
    const std::string there = store().string();
    Command list = command({"sh", "-ec",
                            "cd " + there + "; find . -printf '%p %y %m %U %G %s %T@ %n %l\\n' | sort; find . -type f -print0 | sort -z | xargs -0r sha256sum"});
    return run(list).out;
  }
  size_t generations() const {
    return lines_of(run(command({"sh", "-c", "find " + store().string() + " -name manifest"})).out).size();
  }

 private:
  fs::path store_;
};

// A directory outside of all that a box masks. Gone at the end.
struct UnmaskedDirectory {
  UnmaskedDirectory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~UnmaskedDirectory() { fs::remove_all(path); }
  UnmaskedDirectory(const UnmaskedDirectory&) = delete;
  UnmaskedDirectory& operator=(const UnmaskedDirectory&) = delete;
  std::string path = "/srv/stepbox-warm.XXXXXX";
};

// Steps that look into the store and change it find an empty directory, and the runs themselves still read from it.
void check_hidden(const WarmPlace& place, const std::vector<std::vector<std::string>>& boxes) {
  REQUIRE(place.run_mine({"--warm-save"}, "mkdir /box/cache/mine; echo secret > /box/cache/mine/a").code() == 0);
  const std::string before = place.fingerprint();
  REQUIRE(before.contains("manifest"));
  const std::string store = place.store();
  const std::string attack = "exec 2>/dev/null; ls -A " + store + "; for f in " + store + "/mine/generations/*/tree/cache/mine/a; do cat $f; echo POISON > $f; done; touch " +
                             store + "/new; rm -r " + store + "; mv " + store + " " + store + ".away; echo done";
  for (const std::vector<std::string>& options : boxes) {
    CAPTURE(options, store);
    const Run ran = place.run_warm(options, {"sh", "-c", attack});
    INFO(ran);
    CHECK(ran.out == "done\n");
    CHECK(place.fingerprint() == before);
    const Run warm = place.run_mine(options, "cat /box/cache/mine/a; test ! -e " + store + "/mine");
    INFO(warm);
    CHECK(warm.out == "secret\n");
  }
  const Run named = place.run_warm({"--ro", store}, {"sh", "-c", "cat " + store + "/mine/generations/*/tree/cache/mine/a; touch " + store + "/new || echo refused"});
  INFO(named);
  CHECK(named.out == "secret\nrefused\n");
}

Json only_warm(const Place& place) {
  const Json report = place.report();
  INFO(report.dump(2));
  REQUIRE(report.contains("warm"));
  REQUIRE(report["warm"].size() == 1);
  return report["warm"][0];
}

}  // namespace

TEST_CASE("a step reads what a run with --warm-save left, and what it writes is gone", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  const Run first = place.run_mine({"--warm-save"}, "mkdir -p /box/cache/mine/sub; echo one > /box/cache/mine/sub/a; echo x > /box/cache/mine/b.lock");
  INFO(first);
  REQUIRE(first.code() == 0);
  CHECK(only_warm(place)["saved"]["state"] == "saved");
  CHECK(only_warm(place)["generation"].is_null());
  CHECK(only_warm(place)["cold"] == "nothing has been saved yet");
  for (int i = 0; i < 2; ++i) {
    const Run again = place.run_mine({}, "cd /box/cache/mine; cat sub/a; test ! -e b.lock; test ! -e new; echo longer > sub/a; echo new > new; cat sub/a; rm -r sub; mkdir sub; ls sub");
    INFO(again);
    CHECK(again.code() == 0);
    CHECK(again.out == "one\nlonger\n");
    const Json warm = only_warm(place);
    CHECK(warm["name"] == "mine");
    CHECK(warm["generation"].is_string());
    CHECK(warm["digest"].get<std::string>().size() == 64);
    CHECK(warm["files_added"] == 1);
    CHECK(warm["bytes_added"] == 4);
    CHECK(warm["saved"].is_null());
  }
}

TEST_CASE("a save keeps what the step changed, and shows it to the next one", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  REQUIRE(place.run_mine({"--warm-save"}, "mkdir /box/cache/mine; cd /box/cache/mine; echo 1 > a; echo 1 > b; echo 1 > c").code() == 0);
  const Run changed = place.run_mine({"--warm-save"}, "cd /box/cache/mine; echo changed > a; rm b; mkdir d; echo 2 > d/e; chmod +x c");
  INFO(changed);
  REQUIRE(changed.code() == 0);
  const Run seen = place.run_mine({}, "cd /box/cache/mine; cat a d/e; test ! -e b; test -x c; stat -c %u:%g a");
  INFO(seen);
  CHECK(seen.code() == 0);
  CHECK(lines_of(seen.out).at(0) == "changed");
  CHECK(lines_of(seen.out).at(1) == "2");
  CHECK(place.generations() == 2);
}

TEST_CASE("without --warm-save nothing that a step does changes a byte of the store", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  REQUIRE(place.run_mine({"--warm-save"}, "mkdir -p /box/cache/mine/d; cd /box/cache/mine; echo 1 > a; echo 1 > d/b; ln a hard; ln -s a soft").code() == 0);
  const std::string before = place.fingerprint();
  REQUIRE(before.contains("manifest"));
  for (const std::string& attack : {
           std::string("cd /box/cache/mine; echo evil >> a; echo evil > d/b; : > hard; touch -d 2001-01-01 soft; chmod 777 a d; rm -rf d; mv a z; mkdir d; echo evil > d/b"),
           std::string("cd /box/cache/mine; python3 -c 'import os; f=os.open(\"a\", os.O_RDWR); os.pwrite(f, b\"evil\", 0); os.ftruncate(f, 9); os.fsync(f)' || true; dd if=/dev/zero of=hard conv=notrunc bs=1 count=1"),
           std::string("for place in ") + place.store().string() + " /var/lib/stepbox/warm /box/scratch; do find $place -type f -exec sh -c 'echo evil >> $0' {} \\; -o -type d -exec touch {}/evil \\; ; done || true",
           std::string("umount /box/cache/mine || true; mount -o remount,rw /box/cache/mine || true; rm -rf /box/cache/* || true"),
           std::string("unshare -Urm sh -c 'umount -l /box/cache/mine; mount --bind ") + place.store().string() + " /mnt; touch /mnt/evil; setfattr -n user.overlay.opaque -v y /box/cache/mine/d' || true",
       }) {
    INFO(attack);
    place.run_mine({}, attack);
    CHECK(place.fingerprint() == before);
  }
}

TEST_CASE("a step neither reads nor changes a warm store in the home", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller, "home/.local/share/stepbox/warm");
  const std::string around = place.home() / ".local";
  check_hidden(place, {{}, {"--home", "host"}, {"--home", "overlay"}, {"--ro", around}, {"--rw", around}, {"--root", "system", "--home", "host"}});
  const Run confined = place.run_warm({"--isolation", "landlock", "--home", "host"}, {"true"});
  INFO(confined);
  CHECK(what_is_wrong_with_refusal(confined) == "");
  CHECK(confined.err.contains("the warm store"));
}

TEST_CASE("a step neither reads nor changes a warm store that the root would show", "[warm]") {
  REQUIRE_HOST(companion);
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const UnmaskedDirectory unmasked;
  const WarmPlace place(caller, fs::path(unmasked.path) / "warm");
  REQUIRE(::chmod(unmasked.path.c_str(), 0755) == 0);
  check_hidden(place, {{}, {"--home", "host"}, {"--root", "overlay"}, {"--rw", unmasked.path}, {"--root", "system", "--rw", unmasked.path}});
}

TEST_CASE("a step that fails, or is killed, saves nothing", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  const std::string work = "mkdir /box/cache/mine; echo 1 > /box/cache/mine/a; ";
  CHECK(place.run_mine({"--warm-save"}, work + "exit 3").code() == 3);
  CHECK(only_warm(place)["saved"]["state"] == "not saved");
  CHECK(only_warm(place)["saved"]["sentence"] == "the step did not succeed");
  CHECK(place.run_mine({"--warm-save"}, work + "kill -9 $$").code() == 128 + 9);
  CHECK(place.run_mine({"--warm-save", "--timeout", "300ms"}, work + "exec sleep 60").code() == 124);
  CHECK(place.generations() == 0);
}

TEST_CASE("a run that is killed before its step ends saves nothing", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const WarmPlace place(caller);
  Command command = place.step({"--warm", "mine", "--warm-cache", "mine=directories=cache/mine", "--warm-save"},
                               {"sh", "-ec", "mkdir /box/cache/mine; echo 1 > /box/cache/mine/a; echo written; exec sleep 60"});
  command.environment.push_back("STEPBOX_WARM_STORE=" + place.store().string());
  Process process(command);
  REQUIRE(process.waits_for("written"));
  process.signal(SIGKILL);
  process.finish();
  CHECK(place.generations() == 0);
}

TEST_CASE("a project's policy cannot save, and reads only what is offered", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  REQUIRE(place.run_mine({"--warm-save"}, "mkdir /box/cache/mine; echo secret > /box/cache/mine/a").code() == 0);
  const std::string before = place.fingerprint();
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nwarm-save: true\n");
  const Run refused = place.run_warm({}, {"true"});
  INFO(refused);
  CHECK(refused.code() == 125);
  CHECK(refused.err.contains("warm-save: a project policy may not set this"));
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nwarm: [mine]\n");
  const std::vector<std::string> of_owner = {"--warm-cache", "mine=directories=cache/mine", "--warm-save"};
  const Run cold = place.run_warm(of_owner, {"sh", "-c", "test ! -e /box/cache/mine/a; mkdir -p /box/cache/mine; echo evil > /box/cache/mine/a"});
  INFO(cold);
  CHECK(cold.code() == 0);
  CHECK(only_warm(place)["cold"] == "the machine does not offer it to projects (warm-offer)");
  std::vector<std::string> offered = of_owner;
  offered.insert(offered.end(), {"--warm-offer", "mine"});
  const Run warm = place.run_warm(offered, {"sh", "-c", "cat /box/cache/mine/a; echo evil > /box/cache/mine/a"});
  INFO(warm);
  CHECK(warm.out == "secret\n");
  CHECK(only_warm(place)["saved"]["sentence"] == "only the project's policy names it");
  CHECK(place.fingerprint() == before);
}

TEST_CASE("explain tells where each tool's cache is", "[warm]") {
  REQUIRE_HOST(companion);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const WarmPlace place(caller);
  REQUIRE(place.run_warm({"--warm", "go", "--warm-save"}, {"sh", "-c", "echo x > $GOCACHE/README"}).code() == 0);
  const fs::path shared = place.make_directory(place.root() / "shared");
  const fs::path writable = place.make_directory(place.root() / "writable");
  Command command = place.command({program("stepbox").string(), "explain", "--warm", "go", "--ro", shared.string(), "--env", "CCACHE_DIR=" + shared.string(), "--rw",
                                   writable.string(), "--env", "SCCACHE_DIR=" + writable.string(), "--", "true"});
  command.environment.push_back("STEPBOX_WARM_STORE=" + place.store().string());
  const Run explained = run(command);
  INFO(explained);
  CHECK(explained.code() == 0);
  CHECK(explained.out.contains("go-build-cache (go 0"));
  CHECK(explained.out.contains("host's, read-only"));
  CHECK(explained.out.contains("ccache: " + shared.string()));
  CHECK(explained.out.contains("sccache: " + writable.string()));
}

TEST_CASE("a second go build finds everything in its warm cache, and copies nothing", "[warm-tools]") {
  REQUIRE_HOST(companion);
  REQUIRE_HOST(go_tool);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  place.make_file(place.checkout() / "go.mod", "module example.org/m\n\ngo 1.19\n");
  place.make_file(place.checkout() / "main.go", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n");
  const std::vector<std::string> build = {"go", "build", "-v", "-o", "/box/out/m", "."};
  const Run first = place.run_warm({"--warm", "go", "--warm-save", "--network", "none"}, build);
  INFO(first);
  REQUIRE(first.code() == 0);
  CHECK(first.err.contains("example.org/m"));
  const std::string before = place.fingerprint();
  const Run second = place.run_warm({"--warm", "go", "--network", "none"}, build);
  INFO(second);
  REQUIRE(second.code() == 0);
  // It names each package that it compiles.
  CHECK_FALSE(second.err.contains("fmt"));
  const Json warm = only_warm(place);
  INFO(warm.dump(2));
  CHECK(warm["files_added"].get<int>() + warm["files_copied_up"].get<int>() < 5);
  // Go writes the entry of the main package anew, in place.
  CHECK(warm["bytes_copied_up"].get<int>() <= 4096);
  CHECK(place.fingerprint() == before);
}

TEST_CASE("a second compilation with ccache is a direct hit that takes hardly any memory", "[warm-tools]") {
  REQUIRE_HOST(companion);
  REQUIRE_HOST(ccache_tool);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const WarmPlace place(caller);
  for (int i = 0; i < 20; ++i)
    place.make_file(place.checkout() / ("f" + std::to_string(i) + ".c"), "#include <stdio.h>\nint f" + std::to_string(i) + "(void) { return puts(\"x\"); }\n");
  const std::vector<std::string> compile = {
      "sh", "-ec", "for f in *.c; do CCACHE_LOGFILE=/box/tmp/log ccache gcc -O2 -c $f -o /box/tmp/$f.o; done; grep -c 'Result: direct_cache_hit' /box/tmp/log || true"};
  const Run first = place.run_warm({"--warm", "cpp", "--warm-save"}, compile);
  INFO(first);
  REQUIRE(first.code() == 0);
  CHECK(first.out == "0\n");
  const std::string before = place.fingerprint();
  const Run second = place.run_warm({"--warm", "cpp"}, compile);
  INFO(second);
  REQUIRE(second.code() == 0);
  CHECK(second.out == "20\n");
  const Json warm = only_warm(place);
  INFO(warm.dump(2));
  CHECK(warm["bytes_added"].get<int>() + warm["bytes_copied_up"].get<int>() < 65536);
  CHECK(place.fingerprint() == before);
}

}  // namespace stepbox::feature
