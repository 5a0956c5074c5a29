#include "base/patient_writer.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace stepbox;
using namespace std::chrono_literals;

namespace {

// Two ends of a pipe or of a pair of sockets; the writing one waits, as those of others do.
struct Ends {
  int out = -1;
  int in = -1;

  explicit Ends(bool is_socket) {
    int ends[2];
    REQUIRE((is_socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) == 0);
    out = ends[0];
    in = ends[1];
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    ::close(out);
    ::close(in);
  }

  void fill() const {
    const std::string block(65536, 'x');
    ::fcntl(in, F_SETFL, O_NONBLOCK);
    while (::write(in, block.data(), block.size()) > 0) {
    }
    while (::write(in, "x", 1) > 0) {
    }
    ::fcntl(in, F_SETFL, 0);
  }
  std::string take() const {
    ::fcntl(out, F_SETFL, O_NONBLOCK);
    std::string text;
    char buffer[65536];
    for (ssize_t got = 0; (got = ::read(out, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
    return text;
  }
};

}  // namespace

TEST_CASE("what has room is written as it is, long lines too", "[base]") {
  const bool is_socket = GENERATE(false, true);
  const Ends ends(is_socket);
  PatientWriter writer(ends.in, 10s);
  const std::string longer(20'000, 'y');
  writer.write("a line\n");
  writer.write(longer);
  CHECK(ends.take() == "a line\n" + longer);
  CHECK(writer.lost() == 0);
}

TEST_CASE("a reader that never reads costs the patience once, and the lines", "[base]") {
  const bool is_socket = GENERATE(false, true);
  const Ends ends(is_socket);
  ends.fill();
  PatientWriter writer(ends.in, 50ms);
  const auto begin = std::chrono::steady_clock::now();
  writer.write("a line\n");
  CHECK(writer.lost() == 1);
  CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
  for (int i = 0; i < 1'000; ++i) writer.write("another\n");
  CHECK(writer.lost() == 1'001);
  // Each with a patience of its own, they would take 50 s.
  CHECK(std::chrono::steady_clock::now() - begin < 25s);
  CHECK(ends.take().find("line") == std::string::npos);
  writer.write("with room\n");
  CHECK(ends.take() == "with room\n");
}

TEST_CASE("a reader that is late gets every line", "[base]") {
  const Ends ends(false);
  ends.fill();
  PatientWriter writer(ends.in, 60s);
  std::string text;
  std::thread reader([&] {
    std::this_thread::sleep_for(50ms);
    text = ends.take();
  });
  writer.write("a line\n");
  reader.join();
  text += ends.take();
  CHECK(text.ends_with("a line\n"));
  CHECK(writer.lost() == 0);
}

TEST_CASE("a closed descriptor and one that is open for reading only are nobody's failure", "[base]") {
  PatientWriter closed(-1, 1s);
  closed.write("a line\n");
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  PatientWriter unwritable(file, 1s);
  unwritable.write("a line\n");
  ::close(file);
}
