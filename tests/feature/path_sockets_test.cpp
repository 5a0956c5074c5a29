// Without the host's network a step reaches no socket file of the host, or the report says which ones it reaches.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include <catch2/catch.hpp>

#include "support/child.hpp"
#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

using in_child::must;
using in_child::private_mounts;

// Things in a directory that answer everybody: a listener, a receiver of datagrams and the reader of a FIFO, all held
// by the suite. Their names are short, since the kernel limits socket paths.
class Answering {
 public:
  explicit Answering(const fs::path& directory) : directory_(directory) {
    stream_ = bind(SOCK_STREAM, "s");
    REQUIRE(::listen(stream_, 100) == 0);
    datagram_ = bind(SOCK_DGRAM, "d");
    REQUIRE(::mkfifo((directory / "f").c_str(), 0777) == 0);
    fifo_ = ::open((directory / "f").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(fifo_ >= 0);
    for (const char* name : {"s", "d", "f"}) REQUIRE(::chmod((directory / name).c_str(), 0777) == 0);
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering() {
    for (const int fd : {stream_, datagram_, fifo_}) ::close(fd);
  }

  std::vector<std::string> names() const {
    return {(directory_ / "s").string(), (directory_ / "d").string(), (directory_ / "f").string()};
  }
  std::string socket() const { return (directory_ / "s").string(); }

 private:
  int bind(int type, const char* name) const {
    const std::string path = directory_ / name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
  }

  fs::path directory_;
  int stream_ = -1;
  int datagram_ = -1;
  int fifo_ = -1;
};

// A folder where a daemon might keep its sockets: open to everybody, and no box replaces it.
class PublicFolder {
 public:
  PublicFolder() {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    REQUIRE(::chmod(path_.c_str(), 0777) == 0);
  }
  PublicFolder(const PublicFolder&) = delete;
  PublicFolder& operator=(const PublicFolder&) = delete;
  ~PublicFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/srv/stepbox-feature.XXXXXX";
};

std::vector<std::string> reach(const std::vector<const Answering*>& places) {
  std::vector<std::string> words = {"reach"};
  for (const Answering* place : places)
    for (const std::string& name : place->names()) words.push_back(name);
  return words;
}

// How many attempts of `reach` succeeded.
size_t reached(const Run& run) {
  const std::vector<std::string> lines = lines_of(run.out);
  return static_cast<size_t>(std::ranges::count_if(lines, [](const std::string& line) { return line.ends_with(" OK"); }));
}
// A stream, a datagram, a datagram from a socket pair, and a FIFO.
constexpr size_t kWays = 4;

Json protection_of(const Place& place, std::string_view name) {
  const Json report = place.report();
  for (const Json& protection : report.at("protections"))
    if (protection.at("name") == name) return protection;
  return {};
}

bool has_path_scope() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* which version? */) >= 9;
}

}  // namespace

TEST_CASE("under strict no socket or FIFO of the host answers, wherever it is", "[path-sockets]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path sdk = place.make_directory(place.root() / "k");
  place.make_directory(sdk / "lib");
  const fs::path programs = place.make_directory(sdk / "bin");
  const fs::path deep = place.make_directory(place.checkout() / "d");
  const fs::path other = place.make_directory(place.root() / "o");
  const Answering in_checkout(deep), in_shown(programs), in_home(place.home()), in_temporary(other);
  const std::vector<const Answering*> all = {&in_checkout, &in_shown, &in_home, &in_temporary};
  const Run outside = run([&] {
    Command command = place.command(reach(all));
    command.argv[0] = program("reach");
    return command;
  }());
  INFO(outside);
  REQUIRE(reached(outside) == kWays * all.size());
  const Run inside = place.run_step({"--policy", "strict", "--ro", sdk}, reach(all));
  INFO(inside);
  CHECK(lines_of(inside.out).size() == 12 * all.size());
  CHECK(reached(inside) == 0);
  CHECK(protection_of(place, "path-sockets").at("state") == "active");
  CHECK(protection_of(place, "network-isolation").at("reason") == "");
}

TEST_CASE("under strict a socket in /srv does not answer", "[path-sockets]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const PublicFolder folder;
  const Answering in_srv(folder.path());
  const Run inside = place.run_step({"--policy", "strict"}, reach({&in_srv}));
  // Control: the same step on the host's network.
  const Run control = place.run_step({}, reach({&in_srv}));
  INFO(inside);
  CHECK(reached(inside) == 0);
  CHECK(reached(control) == kWays);
}

TEST_CASE("a step's own sockets and FIFOs work under strict", "[path-sockets]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  REQUIRE_HOST(python);
  const Place place(caller);
  const Run ran = place.run_step({"--policy", "strict"},
                                 {"python3", "-c",
                                  "import os, socket, tempfile\n"
                                  "for place in (tempfile.gettempdir(), os.environ['HOME'], '/dev/shm'):\n"
                                  "  server = socket.socket(socket.AF_UNIX); server.bind(place + '/own'); server.listen()\n"
                                  "  client = socket.socket(socket.AF_UNIX); client.connect(place + '/own')\n"
                                  "  os.mkdir(place + '/from'); os.mkdir(place + '/to'); open(place + '/from/x', 'w').close()\n"
                                  "  os.rename(place + '/from/x', place + '/to/x')\n"
                                  "  print('ok')"});
  INFO(ran);
  CHECK(ran.out == "ok\nok\nok\n");
}

TEST_CASE("a path opened for writing is reported as a way to sockets, and refused where path-sockets is required",
          "[path-sockets]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  if (has_path_scope()) return;  // newer kernels close it
  const Place place(caller);
  const Answering in_checkout(place.checkout());
  const std::vector<std::string> open = {"--root", "system", "--network", "none"};
  const Run ran = place.run_step(open, reach({&in_checkout}));
  INFO(ran);
  CHECK(reached(ran) == kWays);
  CHECK(protection_of(place, "path-sockets").at("state") == "degraded");
  CHECK(protection_of(place, "path-sockets").at("reason") ==
        "the step can connect to sockets in '" + place.checkout().string() + "' (the checkout)");
  CHECK(protection_of(place, "network-isolation").at("reason") == "except for sockets that are files, see path-sockets");
  std::vector<std::string> required = {"--require", "path-sockets"};
  required.insert(required.end(), open.begin(), open.end());
  const Run refused = place.run_step(required, {"true"});
  INFO(refused);
  CHECK(what_is_wrong_with_refusal(refused).empty());
  CHECK(refused.err.find("the checkout") != std::string::npos);
  required.insert(required.end(), {"--source", "ro"});
  CHECK(place.run_step(required, {"true"}).code() == 0);
}

TEST_CASE("a socket that the user named answers, and the report names it", "[path-sockets]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  const fs::path other = place.make_directory(place.root() / "o");
  const Answering named(other);
  const Run ran = place.run_step({"--policy", "strict", "--ro", named.socket()}, {"reach", named.socket()});
  INFO(ran);
  CHECK(reached(ran) == 1);
  CHECK(protection_of(place, "path-sockets").at("state") == "degraded");
  CHECK(protection_of(place, "path-sockets").at("reason") == "'" + named.socket() + "' (ro) was named, and the step can connect to it");
}

TEST_CASE("where overlays cannot be mounted, the run says that sockets are within reach, and is refused where they "
          "must not be", "[path-sockets]") {
  REQUIRE_HOST(root_suite);
  const Caller caller = GENERATE(from_range(callers()));
  const bool required = GENERATE(false, true);
  CAPTURE(caller, required);
  if (has_path_scope()) return;
  const Place place(caller);
  place.make_file(place.checkout() / "input", "source\n");
  std::vector<std::string> options = {"--policy", "strict"};
  if (required) options.insert(options.end(), {"--require", "path-sockets"});
  Command step = place.step(options, {"cat", "input"});
  step.prepare = [&] {
    private_mounts();
    // As deep as the kernel allows overlays to be stacked.
    must(::mkdir((place.root() / "empty").c_str(), 0755) == 0, "empty");
    const std::string layers = "lowerdir=" + place.checkout().string() + ":" + (place.root() / "empty").string();
    for (int i = 0; i < 2; ++i) must(::mount("overlay", place.checkout().c_str(), "overlay", 0, layers.c_str()) == 0, "overlay");
    must(::chdir("/") == 0 && ::chdir(place.checkout().c_str()) == 0, "chdir");
  };
  const Run ran = run(step);
  INFO(ran);
  if (required) {
    CHECK(what_is_wrong_with_refusal(ran).empty());
    CHECK(ran.err.find("no overlay can be put over") != std::string::npos);
    return;
  }
  CHECK(ran.out == "source\n");
  CHECK(ran.err.find("the network is not wholly out of reach") != std::string::npos);
  CHECK(protection_of(place, "path-sockets").at("state") == "degraded");
}

TEST_CASE("with the host's whole root the report says that its sockets answer", "[path-sockets]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  CHECK(place.run_step({"--network", "loopback"}, {"true"}).code() == 0);
  CHECK(protection_of(place, "path-sockets").at("state") == "degraded");
  CHECK(place.run_step({}, {"true"}).code() == 0);
  CHECK(protection_of(place, "path-sockets").at("state") == "off");
  CHECK(protection_of(place, "path-sockets").at("reason") == "network: host");
}

}  // namespace stepbox::feature
