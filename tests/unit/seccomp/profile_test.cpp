// The YAML of seccomp profiles: what it means, and what is wrong with it.
#include "seccomp/profile.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "seccomp/words.hpp"

using namespace stepbox;
using namespace stepbox::seccomp;

namespace {

constexpr ProfileSource kBase = {"base",
                                 "version: 1\ngroups:\n"
                                 "  - {name: one, why: x, refuse: [{calls: [a], answer: EPERM}]}\n"
                                 "  - {name: two, why: x, refuse: [{calls: [b], answer: ENOSYS}]}\n"};
constexpr ProfileSource kMore = {"more",
                                 "version: 1\nextends: base\ngroups:\n"
                                 "  - {name: three, why: x, refuse: [{calls: [c], answer: EPERM}]}\n"};
constexpr ProfileSource kSources[] = {kBase, kMore};

Result<Profile> read(const std::string& text) {
  return read_profile("version: 1\n" + text, "p.yaml", kSources);
}

std::vector<std::string> groups_of(const std::string& text) {
  const auto profile = read(text);
  if (!profile) FAIL(profile.error().message);
  std::vector<std::string> names;
  for (const ProfileGroup& group : profile->groups) names.push_back(group.name);
  return names;
}

std::string refusal(const std::string& text) {
  const auto profile = read(text);
  return profile ? "accepted" : profile.error().message;
}

std::string rule_refusal(const std::string& rule) {
  return refusal("groups: [{name: g, why: x, refuse: [" + rule + "]}]\n");
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a profile has what it extends, without what it takes out, and what it names", "[sandbox][profile]") {
  CHECK(groups_of("extends: base\n") == Names{"one", "two"});
  CHECK(groups_of("extends: more\n") == Names{"one", "two", "three"});
  CHECK(groups_of("extends: more\nwithout: [one, three]\n") == Names{"two"});
  CHECK(groups_of("extends: base\nalso: [three]\n") == Names{"one", "two", "three"});
  CHECK(groups_of("also: [three, one]\n") == Names{"three", "one"});
  CHECK(groups_of("extends: base\nalso: [one]\n") == Names{"one", "two"});
  CHECK(groups_of("extends: base\nwithout: [one]\n"
                  "groups: [{name: one, why: y, refuse: [{calls: [z], answer: EACCES}]}]\n") == Names{"two", "one"});
}

TEST_CASE("a rule says which calls, when, and what they are answered", "[sandbox][profile]") {
  const auto profile = read(
      "groups:\n  - name: g\n    why: because\n    refuse:\n"
      "      - {calls: [x, y], when: [{argument: 1, is: [TIOCSTI, 7]}, {argument: 2, bits: [S_ISUID, 0x30]}], answer: "
      "EACCES}\n"
      "      - {calls: [z], answer: success}\n"
      "      - {calls: [z], answer: kill}\n");
  if (!profile) FAIL(profile.error().message);
  REQUIRE(profile->groups.size() == 1);
  const ProfileGroup& group = profile->groups[0];
  CHECK(group.why == "because");
  REQUIRE(group.rules.size() == 3);
  const ProfileRule& rule = group.rules[0];
  CHECK(rule.calls == Names{"x", "y"});
  CHECK(rule.answer == (SECCOMP_RET_ERRNO | EACCES));
  CHECK(rule.place == "p.yaml:6:9");
  REQUIRE(rule.when.size() == 2);
  CHECK(rule.when[0].argument == 1);
  REQUIRE(rule.when[0].tests.size() == 2);
  CHECK(rule.when[0].tests[0].mask == 0xffffffff);
  CHECK(rule.when[0].tests[0].value == TIOCSTI);
  CHECK(rule.when[0].tests[1].value == 7);
  REQUIRE(rule.when[1].tests.size() == 2);
  CHECK(rule.when[1].tests[0].mask == S_ISUID);
  CHECK(rule.when[1].tests[0].value == S_ISUID);
  CHECK(rule.when[1].tests[1].mask == 0x30);
  CHECK(group.rules[1].answer == SECCOMP_RET_ERRNO);
  CHECK(group.rules[2].answer == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("a mistake in a profile is told with its place", "[sandbox][profile]") {
  CHECK(read_profile("groups: []\n", "p.yaml", kSources).error().message == "p.yaml:1:1: expected 'version: 1'");
  CHECK(read_profile("version: 2\n", "p.yaml", kSources).error().message == "p.yaml:1:10: expected 'version: 1'");
  CHECK(read_profile("[1]\n", "p.yaml", kSources).error().message == "p.yaml:1:1: expected a map");
  CHECK(refusal("group: []\n") == "p.yaml:2:1: unknown key 'group'");
  CHECK(refusal("groups: 7\n") == "p.yaml:2:9: expected a list of groups");
  CHECK(refusal("extends: bsae\n") == "p.yaml:2:10: 'bsae' is not a built-in profile");
  CHECK(read("extends: bsae\n").error().hint == "did you mean 'base'?");
  CHECK(refusal("extends: base\nwithout: [four]\n") == "p.yaml:3:11: the extended profile has no group 'four'");
  CHECK(refusal("also: [four]\n") == "p.yaml:2:8: no built-in profile has a group 'four'");
  CHECK(refusal("also: three\n") == "p.yaml:2:7: expected a list like [a, b]");
  CHECK(refusal("extends: base\ngroups: [{name: one, why: y, refuse: [{calls: [z], answer: EACCES}]}]\n") ==
        "p.yaml: group 'one' is defined twice");
  CHECK(refusal("groups: [{name: g, refuse: [{calls: [z], answer: EACCES}]}]\n") ==
        "p.yaml:2:10: expected 'why', a text");
  CHECK(refusal("groups: [{name: g, why: x}]\n") == "p.yaml:2:10: a group needs 'refuse', a list of rules");
}

TEST_CASE("a mistake in a rule is told with its place", "[sandbox][profile]") {
  CHECK(rule_refusal("{answer: EPERM}").ends_with(": a rule needs 'calls', a list of system calls"));
  CHECK(rule_refusal("{calls: [], answer: EPERM}").ends_with(": a rule needs 'calls', a list of system calls"));
  CHECK(rule_refusal("{calls: [a]}").ends_with(": expected 'answer', a text"));
  CHECK(rule_refusal("{calls: [a], answer: no}")
            .ends_with(": 'no' is not an answer: an errno like EPERM, success or kill"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: 3}").ends_with(": expected a list of conditions"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: 6, is: [1]}]}")
            .ends_with(": '6' is not an argument from 0 to 5"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: -1, is: [1]}]}")
            .ends_with(": '-1' is not an argument from 0 to 5"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: 1, is: [TIOCSTY]}]}")
            .ends_with(": 'TIOCSTY' is neither a 32-bit number nor a known name"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: 1, is: [0x100000000]}]}")
            .ends_with(" is neither a 32-bit number nor a known name"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: 1}]}")
            .ends_with(": a condition needs 'is' or 'bits', a list of numbers or their names"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: 1, bits: [0]}]}")
            .ends_with(": no bit is set in '0'"));
  CHECK(rule_refusal("{calls: [a], answer: EPERM, when: [{argument: 1, is: [1]}, {argument: 1, is: [2]}]}")
            .ends_with(": argument 1 has a condition already"));
  CHECK(rule_refusal("{calls: [a], anser: EPERM}").ends_with(": unknown key 'anser'"));
}

TEST_CASE("the words stand for the kernel's numbers", "[sandbox][profile]") {
  CHECK(argument_number("TIOCSTI") == 0x5412);
  CHECK(argument_number("TIOCLINUX") == 0x541c);
  CHECK(argument_number("CLONE_NEWUSER") == 0x10000000);
  CHECK(argument_number("CLONE_NEWTIME") == 0x80);
  CHECK(argument_number("S_ISUID") == 04000);
  CHECK(argument_number("O_TMPFILE") == 020000000);
  CHECK(argument_number("AF_VSOCK") == 40);
  CHECK_FALSE(argument_number("").has_value());
  CHECK_FALSE(argument_number("1x").has_value());
  CHECK(answer_number("EPERM") == (SECCOMP_RET_ERRNO | 1));
  CHECK(answer_number("EAFNOSUPPORT") == (SECCOMP_RET_ERRNO | 97));
  CHECK_FALSE(answer_number("EPREM").has_value());
}
