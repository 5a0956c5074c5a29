// The step's seccomp filter: programs try each rule of the profiles, and common tools must work under it.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <regex>
#include <set>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

// The kernel never gives this answer by itself, so it must come from the filter.
constexpr const char* kOurs = "EXFULL";

std::string profile_text(const std::string& name) {
  return read_file(fs::path(STEPBOX_PROFILES) / (name + ".yaml"));
}

// The profile with another errno in place of EPERM, which the kernel also gives for reasons of its own.
std::string marked(const std::string& text) {
  return std::regex_replace(text, std::regex("answer: EPERM"), std::string("answer: ") + kOurs);
}

// Every call that the profile names in its own groups.
std::set<std::string> calls_of(const std::string& text) {
  std::set<std::string> names;
  const std::regex list("calls:\\s*\\[([^\\]]*)\\]"), word("\\w+");
  for (std::sregex_iterator at(text.begin(), text.end(), list), end; at != end; ++at) {
    const std::string inside = (*at)[1];
    for (std::sregex_iterator name(inside.begin(), inside.end(), word); name != end; ++name) names.insert(name->str());
  }
  return names;
}

// The profiles' answers other than EPERM.
std::string answer_to(const std::string& call) {
  static const std::map<std::string, std::string> kAnswers = {{"io_uring_setup", "ENOSYS"},
                                                              {"io_uring_enter", "ENOSYS"},
                                                              {"io_uring_register", "ENOSYS"},
                                                              {"socket", "EAFNOSUPPORT"},
                                                              {"socketpair", "EAFNOSUPPORT"},
                                                              {"setxattr", "EOPNOTSUPP"},
                                                              {"lsetxattr", "EOPNOTSUPP"},
                                                              {"fsetxattr", "EOPNOTSUPP"},
                                                              {"setxattrat", "EOPNOTSUPP"},
                                                              {"sync", "OK"},
                                                              {"syncfs", "OK"},
                                                              {"clone3", "ENOSYS"},
                                                              {"socketcall", "ENOSYS"},
                                                              {"fchmodat2", "ENOSYS"},
                                                              {"openat2", "ENOSYS"}};
  const auto found = kAnswers.find(call);
  return found == kAnswers.end() ? kOurs : found->second;
}

std::string file_of(const Place& place, const std::string& text) {
  return place.make_file(place.checkout() / "profile.yaml", text);
}

}  // namespace

TEST_CASE("every call that a profile names is refused, natively and by the 32-bit entry", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string profile = GENERATE("default", "strict");
  CAPTURE(caller, profile);
  const Place place(caller);
  const Run tried =
      place.run_step({"--seccomp", file_of(place, marked(profile_text(profile)))}, {"try_calls", profile});
  INFO(tried);
  REQUIRE(tried.code() == 0);
  std::set<std::string> seen;
  for (const std::string& line : lines_of(tried.out)) {
    CAPTURE(line);
    const std::string call = line.substr(0, line.find(' '));
    CHECK(line.substr(line.rfind(' ') + 1) == answer_to(call));
    seen.insert(call);
  }
#if defined(__x86_64__)
  // Some calls exist for 32-bit programs only.
  if (tried.out.find(" i386 ") != std::string::npos)
    CHECK(seen == calls_of(profile_text(profile)));
  else
    WARN("this kernel runs no 32-bit programs: their calls were not tried");
#else
  CHECK(seen.size() > 20);
#endif
}

TEST_CASE("without a filter the kernel answers the same calls", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run tried = place.run_step({"--seccomp", "off"}, {"try_calls", "strict"});
  INFO(tried);
  REQUIRE(tried.code() == 0);
  CHECK(tried.out.find("unshare native EINVAL") != std::string::npos);
  CHECK(tried.out.find("chmod native EFAULT") != std::string::npos);
  CHECK(tried.out.find(kOurs) == std::string::npos);
}

TEST_CASE("explain and the report name the profile", "[seccomp]") {
  const std::string profile = GENERATE("default", "strict");
  CAPTURE(profile);
  const Place place(Caller::user);
  const Run ran = place.run_step({"--seccomp", profile}, {"grep", "^Seccomp:", "/proc/self/status"});
  INFO(ran);
  CHECK(ran.out == "Seccomp:\t2\n");
  bool told = false;
  const Json report = place.report();
  for (const Json& protection : report.at("protections"))
    told = told || (protection.at("name") == "seccomp" && protection.at("state") == "active" &&
                    protection.at("reason") == "profile " + profile);
  CHECK(told);
  const Run explained = run(place.command({program("stepbox"), "explain", "--all", "--seccomp", profile, "--", "true"}));
  INFO(explained);
  CHECK(explained.out.find("  profile              " + profile + ":") != std::string::npos);
  CHECK((explained.out.find("\n  namespaces ") != std::string::npos) == (profile == "strict"));
}

TEST_CASE("off means no filter, and is refused where seccomp is required", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run ran = place.run_step({"--seccomp", "off"}, {"grep", "^Seccomp:", "/proc/self/status"});
  INFO(ran);
  CHECK(ran.out == "Seccomp:\t0\n");
  const Run refused = place.run_step({"--seccomp", "off", "--require", "seccomp"}, {"true"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
}

TEST_CASE("a project may ask for strict, but for nothing wider", "[seccomp]") {
  const Place place(Caller::user);
  const auto with_project = [&](const std::string& value) {
    place.make_file(place.checkout() / ".stepbox.yaml", "version: 1\nseccomp: " + value + "\n");
    return place.run_step({}, {"sh", "-c", "unshare -U true 2> /dev/null && echo nested"});
  };
  const Run tightened = with_project("strict");
  INFO(tightened);
  CHECK(tightened.code() == 1);
  CHECK(tightened.out.empty());
  CHECK(with_project("'off'").code() == 125);
  CHECK(with_project(file_of(place, profile_text("default"))).code() == 125);
  CHECK(with_project("default").out == "nested\n");
}

TEST_CASE("the verdict names a profile that killed the step", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const std::string file = file_of(place,
                                   "version: 1\nextends: default\ngroups:\n"
                                   "  - {name: none, why: a test, refuse: [{calls: [getppid], answer: kill}]}\n");
  const Run killed = place.run_step({"--seccomp", file}, {"sh", "-c", "echo $PPID"});
  INFO(killed);
  CHECK(killed.code() == 128 + SIGSYS);
  CHECK(verdict_of(place.report()) == "seccomp");
  CHECK(killed.err.find("the seccomp profile '" + file + "' forbids") != std::string::npos);
}

TEST_CASE("a profile with a mistake stops the run, and the message gives its place", "[seccomp]") {
  const Place place(Caller::user);
  const Run wrong = place.run_step({"--seccomp", file_of(place, "version: 1\nextends: defualt\n")}, {"true"});
  INFO(wrong);
  CHECK(what_is_wrong_with_refusal(wrong).empty());
  CHECK(wrong.err.find("profile.yaml:2:10: 'defualt' is not a built-in profile") != std::string::npos);
}

TEST_CASE("a step without the right to set-user-id modes leaves no such file, and keeps the others", "[seccomp]") {
  const Caller caller = GENERATE(from_range(callers()));
  const bool also = GENERATE(true, false);
  CAPTURE(caller, also);
  const Place place(caller);
  const std::string profile =
      also ? file_of(place, "version: 1\nextends: default\nalso: [set-user-id-modes]\n") : std::string("default");
  const Run tried =
      place.run_step({"--seccomp", profile, "--source", "rw"},
                     {"sh", "-c",
                      "cp /bin/true a; chmod 4755 a; install -m 4755 /bin/true b; cp /bin/true c; chmod u+s c;"
                      "mkdir -m 2775 shared; chmod 755 a && touch plain"});
  INFO(tried);
  size_t left = 0;
  for (const char* name : {"a", "b", "c"}) {
    struct stat status {};
    if (::stat((place.checkout() / name).c_str(), &status) == 0 && (status.st_mode & S_ISUID) != 0) ++left;
  }
  // `chmod 755 a` has removed the bit again.
  CHECK(left == (also ? 0 : 2));
  CHECK(fs::exists(place.checkout() / "plain"));
  struct stat shared {};
  REQUIRE(::stat((place.checkout() / "shared").c_str(), &shared) == 0);
  CHECK((shared.st_mode & S_ISGID) != 0);
}

TEST_CASE("a step cannot lower init's limits", "[seccomp]") {
  const Place place(Caller::user);
  const Run tried = place.run_step({}, {"sh", "-c", "prlimit --pid 1 --cpu=1 && echo lowered; exit 4"});
  INFO(tried);
  CHECK(tried.code() == 4);
  CHECK(tried.out.empty());
  // Control: an ordinary user's init has the step's uid.
  CHECK(place.run_step({"--seccomp", "off"}, {"sh", "-c", "prlimit --pid 1 --cpu=600 && echo lowered"}).out ==
        "lowered\n");
}

TEST_CASE("tools of all kinds work under the profile default", "[tools]") {
  struct Tool {
    HostFeature needed;
    std::vector<std::string> argv;
    std::string answer;
  };
  static const Tool kTools[] = {
      {c_compiler,
       {"sh", "-c", "printf '#include <stdio.h>\\nint main(void){puts(\"hello\");}' > a.c && gcc -g a.c -o a && ./a"},
       "hello\n"},
      {{"gdb", [] { return ::access("/usr/bin/gdb", X_OK) == 0; }, "apt-get install gdb"},
       {"sh", "-c", "gdb -q -batch -ex 'break puts' -ex run -ex 'print 6*7' /bin/true 2>/dev/null | grep -o '= 42'"},
       "= 42\n"},
      {{"strace", [] { return ::access("/usr/bin/strace", X_OK) == 0; }, "apt-get install strace"},
       {"sh", "-c", "strace -f -o trace sh -c 'true; true' && grep -c exited trace"},
       "1\n"},
      {python,
       {"/usr/bin/python3", "-c",
        "import multiprocessing, os\n"
        "with multiprocessing.Pool(2) as pool: print(sum(pool.map(abs, [-1, -2])))\n"},
       "3\n"},
      {bubblewrap, {"bwrap", "--bind", "/", "/", "--proc", "/proc", "--unshare-all", "echo", "inside"}, "inside\n"},
  };
  const Caller caller = GENERATE(from_range(callers()));
  const size_t which = GENERATE(0u, 1u, 2u, 3u, 4u);
  const Tool& tool = kTools[which];
  REQUIRE_HOST(tool.needed);
  CAPTURE(caller, tool.needed.name);
  const Place place(caller);
  const Run ran = place.run_step({"--seccomp", "default"}, tool.argv);
  INFO(ran);
  CHECK(ran.out == tool.answer);
}

TEST_CASE("compilers and scripts work under the profile strict", "[tools]") {
  REQUIRE_HOST(c_compiler);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const Run built = place.run_step(
      {"--seccomp", "strict"},
      {"sh", "-c",
       "printf '#include <pthread.h>\\n#include <stdio.h>\\nstatic void*f(void*p){return p;}int main(void){pthread_t t;"
       "pthread_create(&t,0,f,0);pthread_join(t,0);puts(\"hello\");}' > a.c && gcc a.c -pthread -o a && ./a && tar cf "
       "a.tar a "
       "&& mkdir x && tar xf a.tar -C x && cp -p a b && chmod 755 b && ./x/a"});
  INFO(built);
  CHECK(built.out == "hello\nhello\n");
}

}  // namespace stepbox::feature
