#include "sys/own_stack.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

#include <cerrno>

namespace stepbox::sys {
namespace {

// Ordinary limits are 8 MiB; stepbox needs well below this, the caller's arguments and environment included.
constexpr size_t kEnough = size_t{1} << 20;
constexpr size_t kGuard = size_t{64} << 10;  // a multiple of every page size

// Static: makecontext(3) only passes ints, and the ordinary stack may have no room for a context.
struct Call {
  int (*function)(int, char**);
  int argc;
  char** argv;
  int value;
};
Call g_call;
ucontext_t g_here;
ucontext_t g_there;

void call() { g_call.value = g_call.function(g_call.argc, g_call.argv); }

Result<void*> map_stack() {
  void* mapped = ::mmap(nullptr, kGuard + kEnough, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  // The stack grows down: an overflow must not reach other memory.
  if (mapped == MAP_FAILED || ::mprotect(mapped, kGuard, PROT_NONE) != 0) {
    const int error = errno;
    return std::unexpected(Error::from_errno("the stack limit is low, and stepbox cannot map another stack", error)
                               .with_hint("raise the limit (ulimit -s 1024)"));
  }
  return static_cast<char*>(mapped) + kGuard;
}

}  // namespace

Result<int> on_enough_stack(int (*function)(int, char**), int argc, char** argv) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= kEnough) return function(argc, argv);
  TRY_ASSIGN(void* const stack, map_stack());
  g_call = {function, argc, argv, 0};
  ::getcontext(&g_there);
  g_there.uc_stack.ss_sp = stack;
  g_there.uc_stack.ss_size = kEnough;
  g_there.uc_link = &g_here;
  ::makecontext(&g_there, &call, 0);
  ::swapcontext(&g_here, &g_there);
  return g_call.value;
}

}  // namespace stepbox::sys
