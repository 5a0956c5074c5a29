// Compares the speed of programs, even on a machine that is busy with other things.
//
//   bench_pair ratio [--pairs N] CONTENDER...        start to end of one run, each contender against the first
//   bench_pair rate [--seconds S] [--rounds N] --in-flight N CONTENDER...     runs per second
//   bench_pair supervisor CONTENDER...               memory and CPU of the process itself, without its children
//
// A CONTENDER is ":::" NAME COMMAND [ARG...]. Runs to compare follow each other directly, in alternating order
// (A B, B A, ...), so that a load on the machine slows both. The result compares the pairs, not two averages. The
// commands' output is dropped; a command that fails ends everything.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

extern char** environ;

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_pair: %s\n", why.c_str());
  std::exit(1);
}

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// ---- Statistics -----------------------------------------------------------------------------------

using Samples = std::vector<double>;

// Interpolates between two samples, which matters when there are few.
double percentile(Samples samples, double share) {
  std::sort(samples.begin(), samples.end());
  const double at = share * static_cast<double>(samples.size() - 1);
  const size_t below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, samples.size() - 1);
  return std::lerp(samples[below], samples[above], at - static_cast<double>(below));
}

double median(const Samples& samples) { return percentile(samples, 0.5); }

// Median of the distances from the median: a spread that a few interrupted runs do not move.
double median_deviation(const Samples& samples) {
  const double middle = median(samples);
  Samples distances;
  for (const double sample : samples) distances.push_back(std::abs(sample - middle));
  return median(distances);
}

// ---- Contenders -----------------------------------------------------------------------------------

struct Contender {
  std::string name;
  std::vector<char*> command;  // ends with a null pointer, as posix_spawn requires
};

class Silence {
 public:
  Silence() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() { posix_spawn_file_actions_destroy(&actions_); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

pid_t start(const Contender& contender) {
  static const Silence silence;
  pid_t process = -1;
  const int error = ::posix_spawnp(&process, contender.command[0], silence.get(), nullptr, contender.command.data(), environ);
  if (error != 0) give_up("cannot start " + contender.name + ": " + std::strerror(error));
  return process;
}

void check(const Contender& contender, int status) {
  if (status != 0) give_up(contender.name + " failed, wait status " + std::to_string(status));
}

double timed_run(const Contender& contender) {
  const double began = now();
  const pid_t process = start(contender);
  int status = 0;
  ::wait4(process, &status, 0, nullptr);
  const double ended = now();
  check(contender, status);
  return ended - began;
}

// ---- ratio ----------------------------------------------------------------------------------------

struct Pairs {
  Samples subject;
  Samples peer;
  Samples ratios;
};

void run_pair(const Contender& subject, const Contender& peer, bool subject_first, Pairs& pairs) {
  double of_peer = 0;
  if (!subject_first) of_peer = timed_run(peer);
  const double of_subject = timed_run(subject);
  if (subject_first) of_peer = timed_run(peer);
  pairs.subject.push_back(of_subject);
  pairs.peer.push_back(of_peer);
  pairs.ratios.push_back(of_subject / of_peer);
}

void print_time(const std::string& name, const Samples& seconds) {
  std::printf("%-16s %10.3f ms %9.3f", name.c_str(), median(seconds) * 1e3, median_deviation(seconds) * 1e3);
}

void ratio(const std::vector<Contender>& contenders, int pairs_wanted) {
  const Contender& subject = contenders[0];
  std::vector<Pairs> all(contenders.size());
  const int warm_up = std::min(3, pairs_wanted / 10 + 1);
  for (int round = -warm_up; round < pairs_wanted; ++round) {
    for (size_t i = 1; i < contenders.size(); ++i) {
      Pairs ignored;
      run_pair(subject, contenders[i], round % 2 == 0, round < 0 ? ignored : all[i]);
    }
  }
  std::printf("%-16s %13s %9s   %s\n", "", "median", "MAD", (subject.name + " / it: median (10th..90th percentile)").c_str());
  Samples every_subject;
  for (const Pairs& pairs : all) every_subject.insert(every_subject.end(), pairs.subject.begin(), pairs.subject.end());
  print_time(subject.name, every_subject);
  std::printf("\n");
  for (size_t i = 1; i < contenders.size(); ++i) {
    const Samples& ratios = all[i].ratios;
    print_time(contenders[i].name, all[i].peer);
    std::printf("   %6.3f (%.3f..%.3f)\n", median(ratios), percentile(ratios, 0.1), percentile(ratios, 0.9));
  }
}

// ---- rate -----------------------------------------------------------------------------------------

// Keeps `in_flight` runs going for some seconds. Runs still going at the end are waited for, not counted.
double runs_per_second(const Contender& contender, int in_flight, double seconds) {
  const double began = now();
  for (int i = 0; i < in_flight; ++i) start(contender);
  int running = in_flight;
  int ended = 0;
  double elapsed = 0;
  while (running > 0) {
    int status = 0;
    ::wait4(-1, &status, 0, nullptr);
    check(contender, status);
    const double at = now() - began;
    if (at < seconds) {
      elapsed = at;
      ++ended;
      start(contender);
    } else {
      --running;
    }
  }
  if (ended == 0) give_up(contender.name + " did not end once; give it more --seconds");
  return ended / elapsed;
}

void rate(const std::vector<Contender>& contenders, int in_flight, double seconds, int rounds) {
  std::vector<Samples> rates(contenders.size());
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < contenders.size(); ++i) {
      const size_t turn = round % 2 == 0 ? i : contenders.size() - 1 - i;
      rates[turn].push_back(runs_per_second(contenders[turn], in_flight, seconds));
    }
  }
  for (size_t i = 0; i < contenders.size(); ++i) {
    std::printf("%3d in flight  %-16s %8.1f /s", in_flight, contenders[i].name.c_str(), median(rates[i]));
    if (i > 0) {
      Samples ratios;
      for (size_t round = 0; round < rates[i].size(); ++round) ratios.push_back(rates[0][round] / rates[i][round]);
      std::printf("   %s / it: %.3f (%.3f..%.3f)", contenders[0].name.c_str(), median(ratios), percentile(ratios, 0.1),
                  percentile(ratios, 0.9));
    }
    std::printf("\n");
  }
}

// ---- supervisor -----------------------------------------------------------------------------------

// wait4 includes the children that a process has waited for, and here they are the step. So this looks at the process
// from outside while it lives, and reads its CPU time once more when it is a zombie.

double cpu_seconds(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/schedstat");
  double nanoseconds = 0;
  file >> nanoseconds;
  return nanoseconds / 1e9;
}

// The highest resident set so far in KiB, 0 when the process has ended.
long peak_memory(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + std::strlen("VmHWM:"));
  return 0;
}

bool has_ended(pid_t process) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == process;
}

void supervisor(const Contender& contender) {
  constexpr double kSettled = 0.5;    // set-up is over by then, and counted separately
  constexpr useconds_t kEvery = 20'000;
  const double began = now();
  const pid_t process = start(contender);
  long peak = 0;
  double first_at = 0, first_cpu = 0, last_at = 0, last_cpu = 0;
  while (!has_ended(process)) {
    peak = std::max(peak, peak_memory(process));
    const double at = now() - began;
    const double cpu = cpu_seconds(process);
    if (has_ended(process)) break;
    if (first_at == 0 && at >= kSettled) first_at = at, first_cpu = cpu;
    last_at = at, last_cpu = cpu;
    ::usleep(kEvery);
  }
  const double total = cpu_seconds(process);
  int status = 0;
  ::wait4(process, &status, 0, nullptr);
  check(contender, status);
  if (first_at == 0 || last_at <= first_at) give_up(contender.name + " ended too soon to be watched");
  std::printf("%-16s peak memory %7.1f MiB   CPU in all %8.3f ms   while the step runs %7.4f %% of a core\n",
              contender.name.c_str(), static_cast<double>(peak) / 1024, total * 1e3,
              (last_cpu - first_cpu) / (last_at - first_at) * 100);
}

// ---- Arguments ------------------------------------------------------------------------------------

struct Request {
  std::string what;
  std::map<std::string, double> numbers = {{"--pairs", 100}, {"--seconds", 2}, {"--rounds", 3}, {"--in-flight", 1}};
  std::vector<Contender> contenders;
};

Request parse(int count, char** arguments) {
  Request request;
  int at = 1;
  if (at < count) request.what = arguments[at++];
  while (at < count && std::strcmp(arguments[at], ":::") != 0) {
    const auto number = request.numbers.find(arguments[at]);
    if (number == request.numbers.end() || at + 1 == count) give_up("unknown argument " + std::string(arguments[at]));
    number->second = std::atof(arguments[at + 1]);
    at += 2;
  }
  for (; at < count; ++at) {
    if (std::strcmp(arguments[at], ":::") == 0) {
      if (++at == count) give_up("a name must follow :::");
      request.contenders.push_back({arguments[at], {}});
    } else {
      request.contenders.back().command.push_back(arguments[at]);
    }
  }
  for (Contender& contender : request.contenders) {
    if (contender.command.empty()) give_up(contender.name + " has no command");
    contender.command.push_back(nullptr);
  }
  return request;
}

}  // namespace

int main(int count, char** arguments) {
  const Request request = parse(count, arguments);
  const auto number = [&](const char* name) { return request.numbers.at(name); };
  if (request.what == "ratio" && request.contenders.size() >= 2) {
    ratio(request.contenders, std::max(1, static_cast<int>(number("--pairs"))));
  } else if (request.what == "rate" && !request.contenders.empty()) {
    rate(request.contenders, std::max(1, static_cast<int>(number("--in-flight"))), number("--seconds"),
         std::max(1, static_cast<int>(number("--rounds"))));
  } else if (request.what == "supervisor" && !request.contenders.empty()) {
    for (const Contender& contender : request.contenders) supervisor(contender);
  } else {
    give_up("usage: bench_pair ratio|rate|supervisor [OPTIONS] ::: NAME COMMAND [ARG...] ...");
  }
}
