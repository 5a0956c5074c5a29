// Theory of operation. The companion reads the request from its standard input and writes the result to its standard
// output; both are memory files, so that neither process waits for the other but at the end. The merged views are its
// descriptors 3, 4, ... in the order of the request.
#include "warm/hand_over.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

#include "base/text.hpp"
#include "sys/fd.hpp"
#include "sys/write_all.hpp"

namespace stepbox::warm {
namespace {

constexpr int kFirstView = 3;
constexpr size_t kMostDirectories = 256;

// By way of the directory of the program. The second row is the build tree.
constexpr const char* kCompanions[] = {STEPBOX_LIBEXEC_FROM_BIN "/stepbox-warm", "../companions/stepbox-warm"};

Result<std::string> own_directory() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length < 0) return fail_errno("cannot find the program of stepbox", errno);
  const std::string_view program(path, static_cast<size_t>(length));
  return std::string(program.substr(0, program.rfind('/')));
}

Result<sys::Fd> memory_file(std::string_view text) {
  sys::Fd file(::memfd_create("stepbox-warm", MFD_CLOEXEC));
  if (!file) return fail_errno("cannot make a memory file", errno);
  if (const int failed = sys::write_all(file.get(), text); failed != 0) return fail_errno("cannot fill a memory file", failed);
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

Result<std::string> read_memory_file(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return fail_errno("cannot read the companion's answer", errno);
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  if (got < 0) return fail_errno("cannot read the companion's answer", errno);
  text.resize(static_cast<size_t>(got));
  return text;
}

// In the child. Returns only if it fails.
// `store` is its variable: it looks for the place of a store before it reads the request.
void become_companion(const char* companion, int input, int output, const SaveRequest& request, char* store, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) return;
  const int count = static_cast<int>(request.directories.size());
  const int free_from = kFirstView + count;
  const int new_input = ::fcntl(input, F_DUPFD_CLOEXEC, free_from);
  const int new_output = ::fcntl(output, F_DUPFD_CLOEXEC, free_from);
  // Copies wait above all final numbers until these are free.
  int aside[kMostDirectories];
  for (int i = 0; i < count; ++i)
    if ((aside[i] = ::fcntl(request.directories[static_cast<size_t>(i)].view, F_DUPFD_CLOEXEC, free_from)) < 0) return;
  if (::dup2(new_input, 0) < 0 || ::dup2(new_output, 1) < 0) return;
  for (int i = 0; i < count; ++i)
    if (::dup2(aside[i], kFirstView + i) < 0) return;
  ::close_range(static_cast<unsigned>(free_from), ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char name[] = "stepbox-warm";
  char verb[] = "save-request";
  char locale[] = "LC_ALL=C";
  char* arguments[] = {name, verb, nullptr};
  char* environment[] = {locale, store, nullptr};
  ::execve(companion, arguments, environment);
}

}  // namespace

Result<std::string> find_companion() {
  TRY_ASSIGN(const std::string directory, own_directory());
  for (const char* place : kCompanions) {
    const std::string path = lexically_normal(directory + "/" + place);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail("the companion program stepbox-warm is missing: " + quoted(lexically_normal(directory + "/" + kCompanions[0])),
              "install all of stepbox; `cmake --install` puts it there");
}

Result<SaveResult> save_by_companion(const std::string& companion, const SaveRequest& request) {
  if (request.directories.size() > kMostDirectories) return fail("a warm cache of more than 256 directories");
  SaveRequest numbered = request;
  for (size_t i = 0; i < numbered.directories.size(); ++i) numbered.directories[i].view = kFirstView + static_cast<int>(i);
  TRY_ASSIGN(const sys::Fd input, memory_file(to_text(numbered)));
  TRY_ASSIGN(const sys::Fd output, memory_file({}));
  std::string store = "STEPBOX_WARM_STORE=" + request.store;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot start the companion program stepbox-warm", errno);
  if (child == 0) {
    become_companion(companion.c_str(), input.get(), output.get(), request, store.data(), parent);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("cannot wait for the companion program stepbox-warm", errno);
  if (WIFSIGNALED(status)) return fail("signal " + std::to_string(WTERMSIG(status)) + " ended the companion program stepbox-warm; nothing was saved");
  // It has said why on stderr.
  if (WEXITSTATUS(status) != 0) return fail("the warm cache " + quoted(request.name) + " was not saved");
  TRY_ASSIGN(const std::string text, read_memory_file(output.get()));
  auto result = result_of_text(text);
  if (!result) return std::unexpected(std::move(result).error().within("the answer of stepbox-warm cannot be read"));
  return result;
}

}  // namespace stepbox::warm
