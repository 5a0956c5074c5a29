#include "plan/layout.hpp"

#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using plan::Layout;

namespace {

HostFacts with_homes(const std::string& home, const std::string& passwd_home) {
  HostFacts facts = user_facts();
  facts.home = home;
  facts.passwd_home = passwd_home;
  return facts;
}

// What shows /box/home.
std::vector<std::string> homes_of(const HostFacts& facts, HomeMode mode = HomeMode::fresh) {
  std::vector<std::string> homes;
  const Layout layout(facts, mode);
  for (const plan::Mask& mask : layout.masks())
    if (mask.box == "box/home") homes.push_back(mask.host);
  return homes;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a path below a masked place is found below /box", "[run][layout]") {
  const Layout layout(user_facts(), HomeMode::fresh);
  CHECK(layout.place("/tmp") == "box/tmp");
  CHECK(layout.place("/tmp/a/b") == "box/tmp/a/b");
  CHECK(layout.place("/var/tmp/a") == "box/var-tmp/a");
  CHECK(layout.place("/dev/shm/a") == "box/shm/a");
  CHECK(layout.place("/run/user/1000/bus") == "box/run/user/1000/bus");
  CHECK(layout.place("/home/bob/work") == "box/home/work");
}

TEST_CASE("a path that nothing masks is found where it is", "[run][layout]") {
  const Layout layout(user_facts(), HomeMode::fresh);
  for (const char* path : {"/usr/lib", "/home/alice", "/home/bobby", "/tmpfile", "/runner", "/dev/null", "/var/log"}) {
    INFO(path);
    CHECK(layout.covering(path) == nullptr);
    CHECK("/" + layout.place(path) == path);
  }
}

TEST_CASE("what holds a masked or special place is told from what does not", "[run][layout]") {
  const Layout layout(user_facts(), HomeMode::fresh);
  for (const char* path :
       {"/", "/tmp", "/var", "/var/tmp", "/home", "/home/bob", "/run", "/dev", "/dev/shm", "/proc", "/sys", "/box"}) {
    INFO(path);
    CHECK(layout.contains_masked(path));
  }
  for (const char* path : {"/home/bob/work", "/home/alice", "/usr", "/tmp/x", "/var/lib", "/proc/self"}) {
    INFO(path);
    CHECK_FALSE(layout.contains_masked(path));
  }
}

TEST_CASE("places that stepbox makes itself are special", "[run][layout]") {
  for (const char* path : {"/proc", "/proc/self", "/sys/kernel", "/dev/null", "/box", "/box/tmp"})
    CHECK(Layout::is_special(path));
  for (const char* path : {"/", "/tmp", "/run", "/process", "/boxes", "/usr/dev"})
    CHECK_FALSE(Layout::is_special(path));
}

TEST_CASE("a /var/tmp that is a link to /tmp is masked by /tmp's mask", "[run][layout]") {
  HostFacts facts = user_facts();
  facts.var_tmp = "/tmp";
  const Layout layout(facts, HomeMode::fresh);
  CHECK(layout.masks().size() == 4);
  CHECK(layout.covering("/var/tmp") == nullptr);
}

TEST_CASE("a /var/tmp that is a link elsewhere is masked there", "[run][layout]") {
  HostFacts facts = user_facts();
  facts.var_tmp = "/data/tmp";
  CHECK(Layout(facts, HomeMode::fresh).place("/data/tmp/x") == "box/var-tmp/x");
}

TEST_CASE("home and passwd home are masked, the outer one for both when they are nested", "[run][layout]") {
  CHECK(homes_of(with_homes("/home/bob", "/home/bob")) == Paths{"/home/bob"});
  CHECK(homes_of(with_homes("/home/bob", "/srv/bob")) == Paths{"/srv/bob", "/home/bob"});
  CHECK(homes_of(with_homes("/home/bob/ci", "/home/bob")) == Paths{"/home/bob"});
  CHECK(homes_of(with_homes("/home/bob", "/home/bob/ci")) == Paths{"/home/bob"});
  CHECK(homes_of(with_homes("/home/bob", "/home/bobby")) == Paths{"/home/bob", "/home/bobby"});
  CHECK(homes_of(with_homes("", "/home/bob")) == Paths{"/home/bob"});
  CHECK(homes_of(with_homes("/home/bob", "")) == Paths{"/home/bob"});
}

TEST_CASE("a home that is part of the system is not masked", "[run][layout]") {
  for (const char* home : {"", "/", "/bin", "/usr/sbin", "/usr", "/etc/service", "/proc", "/dev", "/sys/x", "/box/home",
                           "/boot", "/lib/x", "/sbin"}) {
    INFO(home);
    CHECK(homes_of(with_homes(home, home)).empty());
  }
}

TEST_CASE("a home that holds another masked place is not masked", "[run][layout]") {
  CHECK(homes_of(with_homes("/var", "/var")).empty());
}

TEST_CASE("a home below /tmp or /run is masked by those", "[run][layout]") {
  for (const char* home : {"/tmp", "/tmp/home", "/run/home", "/dev/shm/home", "/var/tmp/home"}) {
    INFO(home);
    CHECK(homes_of(with_homes(home, home)).empty());
    CHECK(Layout(with_homes(home, home), HomeMode::fresh).covering(home) != nullptr);
  }
}

TEST_CASE("with the home of the host no home is masked", "[run][layout]") {
  CHECK(homes_of(user_facts(), HomeMode::host).empty());
}
