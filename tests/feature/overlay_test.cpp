// Overlays: the step changes its checkout, the host's root or home, and the host's files stay as they are.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/fingerprint.hpp"
#include "support/host.hpp"
#include "support/overlays.hpp"
#include "support/place.hpp"
#include "support/private_mounts.hpp"

namespace stepbox::feature {
namespace {

std::vector<std::string> shell(const std::string& script) { return {"sh", "-ec", script}; }

// A tree with what overlays are known to get wrong.
void fill(const Place& place) {
  place.make_directory(place.checkout() / "src");
  place.make_directory(place.checkout() / "src/deep");
  place.make_directory(place.checkout() / "old");
  place.make_file(place.checkout() / "src/deep/leaf", "leaf\n");
  place.make_file(place.checkout() / "old/kept", "kept\n");
  place.make_file(place.checkout() / "first", "one\n");
  fs::create_hard_link(place.checkout() / "first", place.checkout() / "second");
  fs::create_symlink("first", place.checkout() / "link");
  ::lchown((place.checkout() / "link").c_str(), uid_of(place.caller()), gid_of(place.caller()));
  place.make_file(place.checkout() / "run", "#!/bin/sh\necho ran\n", 0755);
  const fs::path sparse = place.make_file(place.checkout() / "sparse", "x");
  fs::resize_file(sparse, 64 << 20);
}

Run run_in_overlay(const Place& place, const std::string& script, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"--source", "overlay"});
  return place.run_step(options, shell(script));
}

// Runs the script, and compares the checkout before and after.
Run run_without_change(const Place& place, const std::string& script, const std::vector<std::string>& options = {}) {
  const Fingerprint before = fingerprint_of({place.checkout()}, Depth::tree);
  Run ran = run_in_overlay(place, script, options);
  CHECK(differences(before, fingerprint_of({place.checkout()}, Depth::tree)) == "");
  return ran;
}

}  // namespace

TEST_CASE("what a step changes in a checkout as an overlay is gone afterwards", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_without_change(place, "pwd; cat link; ./run; echo two > first; echo more >> src/deep/leaf; rm run; touch made;"
                                            "mkdir -p a/b; ln -s x a/b/link; chmod 600 second; ls; cat first");
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == place.checkout().string() + "\none\nran\na\nfirst\nlink\nmade\nold\nsecond\nsparse\nsrc\ntwo\n");
  CHECK(place.report().at("source").at("mode") == "overlay");
  CHECK(run_in_overlay(place, "ls").out == "first\nlink\nold\nrun\nsecond\nsparse\nsrc\n");
}

TEST_CASE("owners and modes in an overlay are those of the host", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  fs::permissions(place.checkout(), fs::perms(0750));
  const std::string ids = std::to_string(uid_of(caller)) + ":" + std::to_string(gid_of(caller));
  const Run ran = run_without_change(place, "stat -c '%n %u:%g %a' . src first run; touch made; stat -c '%u:%g' made");
  INFO(ran);
  CHECK(ran.out == ". " + ids + " 750\nsrc " + ids + " 755\nfirst " + ids + " 644\nrun " + ids + " 755\n" + ids + "\n");
}

TEST_CASE("a directory of the host can be removed, made again and moved", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_without_change(place, "rm -r src; mkdir src; ls -A src; echo new > src/leaf; mv old older; cat older/kept; ls -d old || echo gone");
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "kept\ngone\n");
}

TEST_CASE("root renames a directory of the host, as without an overlay", "[overlay]") {
  REQUIRE_HOST(root_suite);
  REQUIRE_HOST(python);
  const Place place(Caller::root);
  fill(place);
  const Run ran = run_without_change(place, "python3 -c 'import os; os.rename(\"old\", \"older\")'; cat older/kept");
  INFO(ran);
  CHECK(ran.out == "kept\n");
}

TEST_CASE("root's files with several names keep them, and all of an overlay has one device number", "[overlay]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  fill(place);
  const Run ran = run_without_change(place, "echo two > first; cat second; stat -c %h second; stat -c %d . src first old/kept | sort -u | wc -l");
  INFO(ran);
  CHECK(ran.out == "two\n2\n1\n");
}

TEST_CASE("a change of mode copies no content for root, and a sparse file stays sparse", "[overlay]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  fill(place);
  place.make_file(place.checkout() / "big", std::string(8 << 20, 'x'));
  const Run mode = run_without_change(place, "chmod 600 big; echo ok", {"--volume", "scratch=1MiB"});
  INFO(mode);
  CHECK(mode.out == "ok\n");
  const Run sparse = run_without_change(place, "echo y >> sparse; stat -c %s sparse", {"--volume", "scratch=4MiB"});
  INFO(sparse);
  CHECK(sparse.out == "67108866\n");
}

TEST_CASE("the changes of an overlay count against volume scratch, which the verdict names", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run full = run_without_change(place, "head -c 4M /dev/zero > big", {"--volume", "scratch=1MiB"});
  INFO(full);
  CHECK(full.code() != 0);
  const Json report = place.report();
  CHECK(verdict_of(report) == "disk-quota");
  CHECK(volume_of(report, "scratch").at("quota_reached") == true);
  CHECK(report.at("outcome").at("sentence").get<std::string>().find("volume 'scratch' was full (1 MiB") != std::string::npos);
  const Run fits = run_without_change(place, "head -c 4M /dev/zero > big; ls big", {"--volume", "scratch=8MiB"});
  CHECK(fits.out == "big\n");
}

TEST_CASE("the layers of an overlay are out of the step's reach", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_without_change(place, "ls -A /box/scratch/overlays; touch /box/scratch/overlays/x 2>/dev/null || echo refused;"
                                            "mv /box/scratch/overlays /box/scratch/elsewhere 2>/dev/null || echo refused;"
                                            "mv /box/scratch /box/moved && ls -A /box/moved/overlays; echo more >> first; cat first");
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "refused\nrefused\none\nmore\n");
}

TEST_CASE("a path that is opened for writing in an overlay is the host's", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const Run ran = run_in_overlay(place, "echo out > src/result; echo lost > lost", {"--rw", "src"});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(read_file(place.checkout() / "src/result") == "out\n");
  CHECK_FALSE(fs::exists(place.checkout() / "lost"));
}

TEST_CASE("what is mounted below an overlay is read-only for root, and refused for an ordinary user", "[overlay]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  fill(place);
  const std::string mounted = place.make_directory(place.checkout() / "mounted");
  Command step = place.step({"--source", "overlay"}, shell("ls mounted; touch mounted/x 2>/dev/null || echo read-only; touch y"));
  step.prepare = [=] {
    in_child::private_mounts();
    in_child::mount_empty(mounted);
    in_child::make_owned_directory(mounted + "/there", 0755, uid_of(caller));
  };
  const Run ran = run(step);
  INFO(ran);
  if (caller == Caller::root) {
    CHECK(ran.out == "there\nread-only\n");
  } else {
    CHECK(what_is_wrong_with_refusal(ran) == "");
    CHECK(ran.err.find("'" + mounted + "' is mounted below it") != std::string::npos);
  }
}

TEST_CASE("without a box an overlay is refused", "[overlay]") {
  const Place place(Caller::user);
  const Run refused = run_in_overlay(place, "true", {"--isolation", "env"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused) == "");
  CHECK(refused.err.find("cannot have source overlay") != std::string::npos);
}

TEST_CASE("explain says that changes are discarded", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run page = run(place.command({program("stepbox"), "explain", "--source", "overlay"}));
  INFO(page);
  CHECK(page.out.find("(writable, and changes are") != std::string::npos);
}

namespace {

void git(const fs::path& directory, std::vector<std::string> arguments, const Place& place) {
  arguments.insert(arguments.begin(), {"git", "-c", "user.name=n", "-c", "user.email=e", "-c", "protocol.file.allow=always"});
  Command command = place.command(std::move(arguments));
  command.cwd = directory;
  const Run ran = run(command);
  INFO(ran);
  REQUIRE(ran.code() == 0);
}

// A repository with one commit, and a work tree of it beside it.
fs::path work_tree(const Place& place, const fs::path& repository) {
  place.make_directory(repository);
  git(repository, {"init", "-q"}, place);
  place.make_file(repository / "file", "text\n");
  git(repository, {"add", "file"}, place);
  git(repository, {"commit", "-qm", "one"}, place);
  git(repository, {"worktree", "add", "-q", "../tree"}, place);
  return repository.parent_path() / "tree";
}

Run add_and_commit(const Place& place, const fs::path& directory, const std::vector<std::string>& options) {
  Command step = place.step(options, shell("echo new > new; git add new; git -c user.name=n -c user.email=e commit -qm two; git log --format=%s -1"));
  step.cwd = directory;
  return run(step);
}

}  // namespace

TEST_CASE("git works in a linked work tree, whose git directory is outside", "[git]") {
  REQUIRE_HOST(version_control);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path tree = work_tree(place, place.root() / "repository");
  SECTION("as an overlay nothing of it stays") {
    const Fingerprint before = fingerprint_of({place.root() / "repository", tree}, Depth::tree);
    const Run ran = add_and_commit(place, tree, {"--source", "overlay"});
    INFO(ran);
    CHECK(ran.out == "two\n");
    CHECK(differences(before, fingerprint_of({place.root() / "repository", tree}, Depth::tree)) == "");
  }
  SECTION("for writing") {
    const Run ran = add_and_commit(place, tree, {});
    INFO(ran);
    CHECK(ran.out == "two\n");
    CHECK(fs::exists(tree / "new"));
  }
}

TEST_CASE("git works in a submodule that is the checkout", "[git]") {
  REQUIRE_HOST(version_control);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  work_tree(place, place.root() / "library");
  const fs::path super = place.make_directory(place.root() / "super");
  git(super, {"init", "-q"}, place);
  git(super, {"submodule", "add", "-q", "../library", "sub"}, place);
  const Run ran = add_and_commit(place, super / "sub", {});
  INFO(ran);
  CHECK(ran.out == "two\n");
}

TEST_CASE("a .git file opens no directory that does not name the checkout in return", "[git]") {
  REQUIRE_HOST(version_control);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path tree = work_tree(place, place.root() / "repository");
  const std::string of_other = (place.root() / "repository/.git/worktrees/tree").string();
  const std::string plain = (place.root() / "repository/.git").string();
  const fs::path link = place.checkout() / "leads";
  fs::create_symlink(place.root() / "repository/.git/worktrees/tree", link);
  for (const std::string& named : {of_other, plain, std::string("/etc"), std::string("../checkout/leads/../..")}) {
    CAPTURE(named);
    place.make_file(place.checkout() / ".git", "gitdir: " + named + "\n");
    const Run ran = place.run_step({}, shell("touch '" + plain + "/made' 2>/dev/null && echo made || echo refused"));
    INFO(ran);
    CHECK(ran.out == "refused\n");
  }
  CHECK_FALSE(fs::exists(place.root() / "repository/.git/made"));
}

TEST_CASE("a git directory that another user's group can write to is not opened", "[git]") {
  REQUIRE_HOST(version_control);
  REQUIRE_HOST(root_suite);
  const Place place(Caller::user);
  const fs::path tree = work_tree(place, place.root() / "repository");
  const fs::path git = place.root() / "repository/.git";
  const auto step = [&] {
    Command command = place.step({}, shell("ls '" + git.string() + "/HEAD' > /dev/null 2>&1 && echo shown || echo refused"));
    command.cwd = tree;
    return run(command).out;
  };
  const auto own = [&](const fs::path& path, uid_t owner, mode_t mode) {
    REQUIRE(::chown(path.c_str(), owner, gid_of(Caller::user)) == 0);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  };
  own(git, uid_of(Caller::user), 0775);
  CHECK(step() == "shown\n");
  own(git, 0, 0755);
  CHECK(step() == "shown\n");
  own(git, 0, 0775);
  CHECK(step() == "refused\n");
  own(git, uid_of(Caller::user), 0755);
  own(git / "worktrees/tree/gitdir", 0, 0664);
  CHECK(step() == "refused\n");
  constexpr uid_t kStranger = 4321;
  own(git / "worktrees/tree/gitdir", kStranger, 0644);
  CHECK(step() == "refused\n");
}

TEST_CASE("a package that is installed into the system is gone afterwards", "[packages]") {
  REQUIRE_HOST(root_suite);
  const Place place(Caller::root);
  const fs::path tree = place.checkout() / "package";
  for (const char* below : {"", "DEBIAN", "usr", "usr/bin", "etc"}) place.make_directory(tree / below);
  place.make_file(tree / "DEBIAN/control", "Package: stepbox-overlay-test\nVersion: 1\nArchitecture: all\nMaintainer: n <n@e>\nDescription: x\n");
  place.make_file(tree / "usr/bin/stepbox-overlay-test", "#!/bin/sh\necho installed\n", 0755);
  place.make_file(tree / "etc/stepbox-overlay-test", "x\n");
  const std::vector<fs::path> places = {"/etc", "/var/lib/dpkg", "/usr/bin"};
  const Fingerprint before = fingerprint_of(places, Depth::tree);
  const Run ran = place.run_step({"--root", "overlay"}, shell("PATH=$PATH:/usr/sbin:/sbin; dpkg-deb --root-owner-group -b package /tmp/p.deb > /dev/null; dpkg -i /tmp/p.deb > /dev/null;"
                                                              "stepbox-overlay-test; echo root:x:0:0 >> /etc/passwd; rm -r /usr/share/doc"));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(ran.out == "installed\n");
  CHECK(differences(before, fingerprint_of(places, Depth::tree)) == "");
  CHECK(fs::exists("/usr/share/doc"));
}

TEST_CASE("an ordinary user reads the system through an overlay, and cannot write where the host does not let it", "[overlay]") {
  if (!has_overlays(Caller::user)) return check_refusal_of_overlays(Caller::user);
  const Place place(Caller::user);
  const Run ran = place.run_step({"--root", "overlay"}, shell("head -c 4 /etc/passwd; echo; touch /etc/made 2>/dev/null || echo refused"));
  INFO(ran);
  CHECK(ran.out == "root\nrefused\n");
}

TEST_CASE("the home as an overlay is the host's without its caches, and writes to it are gone", "[overlay]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  for (const char* below : {".cache", ".cache/tool", ".config"}) place.make_directory(place.home() / below);
  place.make_file(place.home() / ".cache/tool/entry", "cached");
  place.make_file(place.home() / ".config/tool", "settings\n");
  const Fingerprint before = fingerprint_of({place.home()}, Depth::tree);
  const Run ran = place.run_step({"--home", "overlay"}, shell("echo $HOME; cat ~/.config/tool; ls -A ~/.cache; echo x > ~/.cache/new; echo y >> ~/.config/tool; touch ~/made; ls ~/.cache"));
  INFO(ran);
  CHECK(ran.out == place.home().string() + "\nsettings\nnew\n");
  CHECK(differences(before, fingerprint_of({place.home()}, Depth::tree)) == "");
}

}  // namespace stepbox::feature
