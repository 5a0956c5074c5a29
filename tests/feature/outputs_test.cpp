// What leaves the box, and what does not: declared outputs, carried out as a whole or not at all.
#include <sys/mount.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/overlays.hpp"
#include "support/place.hpp"
#include "support/private_mounts.hpp"

namespace stepbox::feature {
namespace {

using in_child::must;

std::vector<std::string> shell(const std::string& script) { return {"sh", "-ec", script}; }

struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

// Nothing that stepbox stages stays behind.
std::vector<std::string> staged_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().filename().string().starts_with(".stepbox-outputs-")) names.push_back(entry.path().filename());
  return names;
}

Json output_named(const Json& report, std::string_view path) {
  for (const Json& output : report.at("outputs"))
    if (output.at("path") == path) return output;
  return {};
}

// A directory of outputs as an earlier run left it.
fs::path with_old_outputs(const Place& place) {
  const fs::path to = place.root() / "to";
  const Run made = place.run_step({"--output", "/box/out", "--outputs-to", to}, shell("echo old > /box/out/old; echo old > /box/out/both"));
  INFO(made);
  REQUIRE(made.code() == 0);
  return to;
}

}  // namespace

TEST_CASE("a set of outputs is complete: modes, times, links, empty directories, and a record that sha256sum checks", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path to = place.root() / "deep/er/to";
  const Run ran = place.run_step({"--output", "/box/out/**", "--outputs-to", to, "--outputs-manifest", place.root() / "SUMS"},
                                 shell("cd /box/out; mkdir -p a/empty; echo app > a/app; chmod 6755 a/app; ln a/app a/twin; ln -s app a/link\n"
                                       "truncate -s 100M sparse; touch -d @1000000000.123456789 a/app; chmod 0640 sparse; printf x > 'new\nline'\n"
                                       "touch -d @1000000000 a"));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK((status_of(to / "a/app").st_mode & 07777) == 0755);
  CHECK(status_of(to / "a/app").st_uid == uid_of(caller));
  CHECK(status_of(to / "a/app").st_mtim.tv_nsec == 123456789);
  CHECK(status_of(to / "a/app").st_ino == status_of(to / "a/twin").st_ino);
  CHECK(status_of(to / "a").st_mtim.tv_sec == 1000000000);
  CHECK((status_of(to / "sparse").st_mode & 07777) == 0640);
  CHECK(status_of(to / "sparse").st_size == 100 << 20);
  CHECK(status_of(to / "sparse").st_blocks < 1000);
  CHECK(fs::read_symlink(to / "a/link") == "app");
  CHECK(fs::is_empty(to / "a/empty"));
  CHECK(run(place.command({"sh", "-c", "cd '" + to.string() + "' && sha256sum --check --strict --quiet ../../../SUMS .stepbox-outputs"})).code() == 0);
  const Json report = place.report();
  CHECK(verdict_of(report) == "success");
  CHECK(report.at("outputs_summary").at("state") == "carried-out");
  CHECK(report.at("outputs_summary").at("files") == 5);
  CHECK(output_named(report, "a/app").at("bytes") == 4);
  CHECK(output_named(report, "a/app").at("sha256").get<std::string>() + "  a/app" == lines_of(read_file(place.root() / "SUMS")).at(0));
  CHECK(output_named(report, "a/link").at("target") == "app");
  CHECK(staged_in(place.root() / "deep/er").empty());
}

TEST_CASE("a directory of outputs holds what the last run carried out, and nothing else", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path to = with_old_outputs(place);
  const std::vector<std::string> options = {"--output", "/box/out", "--outputs-to", to};
  SECTION("the old set goes") {
    CHECK(place.run_step(options, shell("echo new > /box/out/both")).code() == 0);
    CHECK(read_file(to / "both") == "new\n");
    CHECK_FALSE(fs::exists(to / "old"));
  }
  SECTION("a file that is no output would be lost, so the step does not start") {
    place.make_file(to / "notes.txt", "mine");
    const Run refused = place.run_step(options, shell("echo started"));
    INFO(refused);
    CHECK(what_is_wrong_with_refusal(refused) == "");
    CHECK(refused.err.find("holds 'notes.txt', which is not an output of an earlier run, and would be lost") != std::string::npos);
    CHECK(read_file(to / "notes.txt") == "mine");
  }
  SECTION("nor does it where the directory is not one of outputs") {
    const fs::path other = place.make_directory(place.root() / "other");
    place.make_file(other / "notes.txt", "mine");
    const Run refused = place.run_step({"--output", "/box/out", "--outputs-to", other}, shell("echo started"));
    CHECK(what_is_wrong_with_refusal(refused) == "");
    CHECK(refused.err.find("holds files, and is not a directory of outputs that stepbox made") != std::string::npos);
  }
  SECTION("an empty directory keeps its mode") {
    const fs::path empty = place.make_directory(place.root() / "empty", 0710);
    CHECK(place.run_step({"--output", "/box/out", "--outputs-to", empty}, shell("echo x > /box/out/x")).code() == 0);
    CHECK((status_of(empty).st_mode & 07777) == 0710);
    CHECK(read_file(empty / "x") == "x\n");
  }
  SECTION("its record may lie in it") {
    const std::vector<std::string> with_record = {"--output", "/box/out", "--outputs-to", to, "--outputs-manifest", to / "SHA256SUMS"};
    for (int i = 0; i < 2; ++i) CHECK(place.run_step(with_record, shell("echo x > /box/out/x")).code() == 0);
    CHECK(run(place.command({"sh", "-c", "cd '" + to.string() + "' && sha256sum --check --strict --quiet SHA256SUMS .stepbox-outputs"})).code() == 0);
  }
  CHECK(staged_in(place.root()).empty());
}

TEST_CASE("outputs from /box/out enter the checkout beside what is there", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "app", "old");
  place.make_directory(place.checkout() / "lib");
  place.make_file(place.checkout() / "lib/source.c", "source");
  const std::string mode = GENERATE("rw", "ro");
  const Run ran = place.run_step({"--source", mode, "--output", "/box/out/**"}, shell("cd /box/out; mkdir -p lib dist; echo new > app; echo o > lib/source.o; echo d > dist/d"));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(read_file(place.checkout() / "app") == "new\n");
  CHECK(read_file(place.checkout() / "lib/source.c") == "source");
  CHECK(read_file(place.checkout() / "lib/source.o") == "o\n");
  CHECK(read_file(place.checkout() / "dist/d") == "d\n");
  CHECK(staged_in(place.checkout()).empty());
}

TEST_CASE("outputs that lie in a writable checkout are recorded where they are", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--output", "bin/*", "--outputs-manifest", "SUMS"}, shell("mkdir bin; echo app > bin/app; stat -c %i bin/app"));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(std::to_string(status_of(place.checkout() / "bin/app").st_ino) + "\n" == ran.out);
  CHECK(place.report().at("outputs_summary").at("state") == "recorded");
  CHECK(output_named(place.report(), "bin/app").at("bytes") == 4);
  CHECK(run(place.command({"sha256sum", "--check", "--strict", "--quiet", "SUMS"})).code() == 0);
}

TEST_CASE("a required output that is missing is 123, and an optional one a warning", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run missing = place.run_step({"--output", "bin/app"}, {"true"});
  CHECK(missing.code() == 123);
  CHECK(missing.err == "stepbox: the step succeeded, but its outputs were not carried out: there is no output 'bin/app' (--output)\nhint: let the step write it, or declare it as optional: --output bin/app,required=false\n");
  CHECK(verdict_of(place.report()) == "output-missing");
  CHECK(place.report().at("outcome").at("exit_code") == 123);
  const Run optional = place.run_step({"--output", "bin/app,required=false"}, {"true"});
  CHECK(optional.code() == 0);
  CHECK(optional.err == "stepbox: there is no output 'bin/app'\n");
  // The step's own failure is the news, whatever it left.
  CHECK(place.run_step({"--output", "bin/app"}, shell("exit 7")).code() == 7);
}

TEST_CASE("a step that failed leaves only outputs that are wanted always", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--output", "/box/out/app", "--output", "/box/out/log,when=always"}, shell("echo x > /box/out/app; echo log > /box/out/log; exit 3"));
  INFO(ran);
  CHECK(ran.code() == 3);
  CHECK(read_file(place.checkout() / "log") == "log\n");
  CHECK_FALSE(fs::exists(place.checkout() / "app"));
  const Run hostile = place.run_step({"--output", "/box/out/log,when=always"}, shell("mkfifo /box/out/log; exit 3"));
  CHECK(hostile.code() == 3);
  CHECK(hostile.err.find("the outputs were not carried out: output 'log' is a FIFO") != std::string::npos);
}

TEST_CASE("outputs of a checkout that is an overlay are what the step saw, and the rest of it stays", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.checkout() / "dist");
  place.make_file(place.checkout() / "dist/old", "old");
  place.make_file(place.checkout() / "dist/same", "same");
  place.make_file(place.checkout() / "gone.o", "old");
  place.make_file(place.checkout() / "main.c", "source");
  const Run ran = place.run_step({"--source", "overlay", "--output", "dist", "--output", "*.o"},
                                 shell("rm dist/old gone.o; echo new > dist/new; echo o > main.o; echo changed > main.c"));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(read_file(place.checkout() / "dist/new") == "new\n");
  CHECK(read_file(place.checkout() / "dist/same") == "same");
  CHECK_FALSE(fs::exists(place.checkout() / "dist/old"));
  CHECK_FALSE(fs::exists(place.checkout() / "gone.o"));
  CHECK(read_file(place.checkout() / "main.o") == "o\n");
  CHECK(read_file(place.checkout() / "main.c") == "source");
  CHECK(status_of(place.checkout() / "dist/new").st_uid == uid_of(caller));
  CHECK(staged_in(place.checkout()).empty());
  const Run elsewhere = place.run_step({"--source", "overlay", "--output", "dist", "--outputs-to", place.root() / "to"}, shell("echo newer > dist/new; chmod 700 dist"));
  INFO(elsewhere);
  CHECK(elsewhere.code() == 0);
  CHECK(read_file(place.root() / "to/dist/new") == "newer\n");
  CHECK(read_file(place.checkout() / "dist/new") == "new\n");
}

TEST_CASE("hostile outputs are refused by name, nothing outside is read, and the old outputs stay", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  struct Trick {
    const char* script;
    const char* message;
  };
  const auto trick = GENERATE(from_range(std::vector<Trick>{
      {"ln -s /etc/shadow /box/out/secret", "output 'secret' is a symbolic link to '/etc/shadow', which is absolute"},
      {"mkdir /box/out/d; ln -s ../../../../etc/shadow /box/out/d/up", "output 'd/up' is a symbolic link to '../../../../etc/shadow', which leads out"},
      {"mkdir /box/out/d; ln -s d/../../etc/passwd /box/out/odd", "which has '..' behind a name"},
      {"ln -s other /box/out/link; ln -s link /box/out/other; ln -s missing /box/out/x; mkfifo /box/out/pipe", "output 'pipe' is a FIFO"},
      {"truncate -s 1T /box/out/huge", "output 'huge' (1 TiB) exceeds the 64 GiB that '/box/out' may hold (the default of max-size)"},
      {"cd /box/out; n=$(printf '%0250d'); for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do mkdir $n; cd -P $n; done", "is longer than 4095 bytes"}}));
  CAPTURE(caller, trick.script);
  const Place place(caller);
  const fs::path to = with_old_outputs(place);
  const Run ran = place.run_step({"--output", "/box/out", "--outputs-to", to}, shell(std::string("echo new > /box/out/both; ") + trick.script));
  INFO(ran);
  CHECK(ran.code() == 123);
  CHECK(ran.err.find(std::string("stepbox: the step succeeded, but ")) != std::string::npos);
  CHECK(ran.err.find(trick.message) != std::string::npos);
  CHECK(read_file(to / "old") == "old\n");
  CHECK(read_file(to / "both") == "old\n");
  CHECK(staged_in(place.root()).empty());
  CHECK(place.report().at("outputs_summary").at("state") == "failed");
}

TEST_CASE("a link to what is no output is refused where it would lead nowhere", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::vector<std::string> step = shell("cd /box/out; echo x > lib.so.1; ln -s lib.so.1 lib.so");
  const Run refused = place.run_step({"--output", "/box/out/lib.so", "--outputs-to", place.root() / "to"}, step);
  CHECK(refused.code() == 123);
  CHECK(refused.err.find("output 'lib.so' is a symbolic link to 'lib.so.1', which is not among the outputs") != std::string::npos);
  CHECK(place.run_step({"--output", "/box/out/lib.so*", "--outputs-to", place.root() / "to"}, step).code() == 0);
  CHECK(read_file(place.root() / "to/lib.so") == "x\n");
}

TEST_CASE("a destination that is full leaves the old outputs, and the message names the file", "[outputs]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path small = place.make_directory(place.root() / "small");
  Command step = place.step({"--output", "/box/out", "--outputs-to", small / "to"},
                            shell("head -c 4M /dev/zero > /box/out/large"));
  step.prepare = [small, owner = uid_of(caller)] {
    in_child::private_mounts();
    must(::mount("tmpfs", small.c_str(), "tmpfs", 0, ("size=1M,mode=0777,uid=" + std::to_string(owner)).c_str()) == 0, "tmpfs");
    must(::mkdir((small / "to").c_str(), 0755) == 0, "to");
    in_child::must(::chown((small / "to").c_str(), owner, owner) == 0, "chown");
  };
  const Run full = run(step);
  INFO(full);
  CHECK(full.code() == 123);
  CHECK(full.err.find("cannot write output 'large' to '" + (small / "to").string() + "': no space left on device (ENOSPC)\nhint: free some space there") != std::string::npos);
}

TEST_CASE("a place that cannot be written to is refused before the step starts", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string where = caller == Caller::root ? "/proc/stepbox-outputs" : "/usr/stepbox-outputs";
  const Run refused = place.run_step({"--output", "/box/out", "--outputs-to", where}, shell("echo started"));
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused) == "");
  CHECK(refused.err.find("cannot put outputs into '" + where + "'") != std::string::npos);
}

TEST_CASE("a directory that is a mount point gets the outputs as well", "[outputs]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path volume = place.make_directory(place.root() / "volume");
  const fs::path kept = place.make_directory(place.root() / "kept");
  const auto bind = [volume, kept] {
    in_child::private_mounts();
    must(::mount(kept.c_str(), volume.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind");
  };
  for (const char* name : {"first", "second"}) {
    Command step = place.step({"--output", "/box/out", "--outputs-to", volume}, shell(std::string("mkdir /box/out/d; echo x > /box/out/d/") + name));
    step.prepare = bind;
    const Run ran = run(step);
    INFO(ran);
    CHECK(ran.code() == 0);
  }
  CHECK(read_file(kept / "d/second") == "x\n");
  CHECK_FALSE(fs::exists(kept / "d/first"));
  CHECK(staged_in(kept).empty());
}

TEST_CASE("a project declares outputs of its own, and neither where they go nor what obeys to others", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const auto with_policy = [&](const std::string& text) { place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\n" + text); };
  const auto refusal = [&](std::vector<std::string> options) {
    const Run refused = place.run_step(std::move(options), shell("echo started"));
    CHECK(refused.code() == 125);
    CHECK(refused.out.empty());
    return refused.err;
  };
  SECTION("declared, with all that can be said of them") {
    with_policy("outputs:\n  - bin/app\n  - {path: /box/out/log, required: true, max-size: 1KiB, when: always}\n");
    CHECK(place.run_step({}, shell("mkdir bin; echo x > bin/app; echo x > /box/out/log")).code() == 0);
    CHECK(read_file(place.checkout() / "log") == "x\n");
    const Run large = place.run_step({}, shell("head -c 2000 /dev/zero > /box/out/log"));
    CHECK(large.code() == 123);
    CHECK(large.err.find("output 'log' (2.0 KiB) exceeds the 1 KiB that '/box/out/log' may hold (max-size)") != std::string::npos);
  }
  SECTION("not where to") {
    with_policy("outputs: [bin/app]\noutputs-to: /srv/x\n");
    CHECK(refusal({}).find("outputs-to: a project policy may not set this") != std::string::npos);
  }
  SECTION("no repository") {
    with_policy("outputs: [.git/hooks/post-checkout]\n");
    CHECK(refusal({}).find("output '.git/hooks/post-checkout' belongs to version control") != std::string::npos);
  }
  SECTION("not into a checkout that the operator keeps from it") {
    with_policy("outputs: [/box/out/Makefile]\n");
    CHECK(refusal({"--source", "ro"}).find("would go into the checkout, and source ro (--source) keeps the project from writing there") != std::string::npos);
    CHECK(place.run_step({"--source", "ro", "--outputs-to", place.root() / "to"}, shell("echo x > /box/out/Makefile")).code() == 0);
  }
  SECTION("wildcards leave repositories out") {
    with_policy("outputs: [/box/out/**]\n");
    CHECK(place.run_step({}, shell("mkdir -p /box/out/.git/hooks; echo x > /box/out/.git/hooks/h; echo x > /box/out/x")).code() == 0);
    CHECK(fs::exists(place.checkout() / "x"));
    CHECK_FALSE(fs::exists(place.checkout() / ".git"));
  }
}

TEST_CASE("outputs change nothing that the policy keeps from the step", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path kept = place.make_file(place.checkout() / "kept", "good\n");
  const fs::path link = place.root() / "spelled";
  fs::create_directory_symlink(place.checkout(), link);
  for (const fs::path& spelled : {kept, link / "kept"}) {
    CAPTURE(spelled);
    const Run ran = place.run_step({"--ro", spelled, "--output", "/box/out/**"}, shell("echo evil > /box/out/kept; echo x > /box/out/other"));
    INFO(ran);
    CHECK(ran.code() == 123);
    CHECK(read_file(kept) == "good\n");
    CHECK_FALSE(fs::exists(place.checkout() / "other"));
    CHECK(staged_in(place.checkout()).empty());
  }
}

TEST_CASE("outputs of a checkout with hidden parts come from /box/out alone", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  const fs::path secret = place.make_file(place.make_directory(place.checkout() / "cfg") / "secret", "secret\n");
  for (const char* mode : {"rw", "overlay"}) {
    CAPTURE(mode);
    const Run ran = place.run_step({"--source", mode, "--hide", secret, "--output", "**", "--outputs-to", place.root() / "to"}, shell("mv cfg moved"));
    INFO(ran);
    CHECK(ran.code() == 125);
    CHECK(ran.err.contains("hides a part of it"));
  }
  CHECK_FALSE(fs::exists(place.root() / "to"));
}

TEST_CASE("a staging directory that a step plants among its outputs is none", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path precious = place.make_file(place.checkout() / "precious", "good\n");
  const std::string inode = std::to_string(status_of(precious).st_ino);
  const std::string plant = "mkdir -m 0700 /box/out/.stepbox-outputs-0123456789ab; printf 'stepbox outputs 1\\0remove\\0" + inode +
                            "\\0precious\\0end\\0' > /box/out/.stepbox-outputs-0123456789ab/journal; echo x > /box/out/x";
  CHECK(place.run_step({"--source", "ro", "--output", "/box/out/**"}, shell(plant)).code() == 0);
  CHECK(staged_in(place.checkout()).empty());
  CHECK(place.run_step({"--source", "ro", "--output", "/box/out/x,required=false"}, shell("true")).code() == 0);
  CHECK(read_file(precious) == "good\n");
}

TEST_CASE("all of a checkout that is an overlay can be an output", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / "a", "old\n");
  const Run ran = place.run_step({"--source", "overlay", "--output", "**"}, shell("echo new > b; rm a"));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(read_file(place.checkout() / "b") == "new\n");
  CHECK_FALSE(fs::exists(place.checkout() / "a"));
  CHECK(staged_in(place.checkout()).empty());
}

TEST_CASE("links of the checkout lead neither outputs nor their manifest elsewhere", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path outside = place.make_directory(place.root() / "outside");
  fs::create_directory_symlink(outside, place.checkout() / "dist");
  for (const char* to : {"dist", "dist/deeper"}) {
    CAPTURE(to);
    const Run ran = place.run_step({"--output", "/box/out/**", "--outputs-to", place.checkout() / to}, shell("echo x > /box/out/ls"));
    INFO(ran);
    CHECK(ran.code() == 125);
    CHECK(ran.err.contains("symbolic link that comes with the checkout"));
  }
  CHECK(place.run_step({"--output", "/box/out/**", "--outputs-to", place.root() / "to", "--outputs-manifest", place.checkout() / "dist/SUMS"},
                       shell("echo x > /box/out/x")).code() == 125);
  CHECK(fs::is_empty(outside));
}

TEST_CASE("a project's outputs do not write through the overlay that the operator asked for", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  if (!has_overlays(caller)) return check_refusal_of_overlays(caller);
  CAPTURE(caller);
  const Place place(caller);
  place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\noutputs: [{path: main.c, when: always}]\n");
  const fs::path main = place.make_file(place.checkout() / "main.c", "good\n");
  const Run ran = place.run_step({"--source", "overlay"}, shell("echo hacked > main.c"));
  INFO(ran);
  CHECK(ran.code() == 125);
  CHECK(read_file(main) == "good\n");
  CHECK(place.run_step({"--source", "overlay", "--outputs-to", place.root() / "to"}, shell("echo new > main.c")).code() == 0);
  CHECK(read_file(place.root() / "to/main.c") == "new\n");
}

TEST_CASE("a step without a box has outputs, too", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.checkout() / "w");
  const Run ran = place.run_step({"--isolation", "env", "--output", "w/app", "--output", "/box/out/lib", "--outputs-to", place.root() / "to"},
                                 shell("echo app > w/app; echo lib > \"${TMPDIR%/tmp}/out/lib\""));
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(read_file(place.root() / "to/w/app") == "app\n");
  CHECK(read_file(place.root() / "to/lib") == "lib\n");
}

TEST_CASE("the directory of outputs is not one of the outputs, even if it lies in the checkout", "[outputs]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  for (int i = 0; i < 2; ++i) {
    const Run ran = place.run_step({"--output", "**", "--outputs-to", "dist"}, shell("echo x > file"));
    INFO(ran);
    CHECK(ran.code() == 0);
  }
  CHECK(read_file(place.checkout() / "dist/file") == "x\n");
  CHECK_FALSE(fs::exists(place.checkout() / "dist/dist"));
}

}  // namespace stepbox::feature
