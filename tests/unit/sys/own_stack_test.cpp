#include "sys/own_stack.hpp"

#include <alloca.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

using namespace stepbox;

namespace {

// For the time of a case; a soft limit can be raised again.
struct StackLimit {
  explicit StackLimit(rlim_t soft) {
    ::getrlimit(RLIMIT_STACK, &before);
    const rlimit wanted{soft, before.rlim_max};
    ::setrlimit(RLIMIT_STACK, &wanted);
  }
  ~StackLimit() { ::setrlimit(RLIMIT_STACK, &before); }
  rlimit before{};
};

rlim_t soft_limit() {
  rlimit now{};
  ::getrlimit(RLIMIT_STACK, &now);
  return now.rlim_cur;
}

rlim_t g_limit_inside = 0;

// Uses half a mebibyte of stack.
int use(int count, char** words) {
  g_limit_inside = soft_limit();
  auto* room = static_cast<volatile char*>(alloca(size_t{512} << 10));
  for (size_t i = 0; i < size_t{512} << 10; i += 1024) room[i] = 1;
  return words == nullptr ? count + room[0] : -1;
}

}  // namespace

TEST_CASE("with a low limit there is stack enough, and the limit stays", "[sys][stack]") {
  const StackLimit low(64 << 10);
  CHECK(sys::on_enough_stack(&use, 6, nullptr).value_or(0) == 7);
  CHECK(g_limit_inside == 64 << 10);
  CHECK(soft_limit() == 64 << 10);
}

TEST_CASE("with an ordinary limit the function is simply called", "[sys][stack]") {
  const StackLimit ordinary(4 << 20);
  CHECK(sys::on_enough_stack(&use, 6, nullptr).value_or(0) == 7);
  CHECK(g_limit_inside == 4 << 20);
}
