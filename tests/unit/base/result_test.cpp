#include "base/result.hpp"

#include <catch2/catch.hpp>
#include <memory>

using namespace stepbox;

namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(std::to_string(number) + " is odd", "take an even number");
  return number / 2;
}

Result<int> quarter_of(int number) {
  TRY_ASSIGN(const int half, half_of(number));
  TRY_ASSIGN(const int quarter, half_of(half));
  return quarter;
}

Result<> check_even(int number) {
  TRY(half_of(number));
  return {};
}

Result<std::unique_ptr<int>> boxed(int number) {
  TRY_ASSIGN(auto box, Result<std::unique_ptr<int>>(std::make_unique<int>(number)));
  return box;
}

}  // namespace

TEST_CASE("an errno becomes a reason in words with its name behind", "[base]") {
  const Error error = Error::from_errno("cannot open 'x'", ENOENT);
  CHECK(error.message == "cannot open 'x': no such file or directory (ENOENT)");
  CHECK(error.hint.empty());
  CHECK(error.number == ENOENT);
}

TEST_CASE("an errno that libc does not know keeps its number", "[base]") {
  CHECK(errno_name(4711) == "errno 4711");
  CHECK(Error::from_errno("cannot open 'x'", 4711).message == "cannot open 'x': unknown error (errno 4711)");
}

TEST_CASE("errno names are the symbols of errno.h", "[base]") {
  CHECK(errno_name(EBUSY) == "EBUSY");
  CHECK(errno_name(ENOSPC) == "ENOSPC");
}

TEST_CASE("context is put in front and leaves hint and number alone", "[base]") {
  const Error error = Error::from_errno("cannot mount tmpfs", EPERM).with_hint("run as root").within("volume 'tmp'");
  CHECK(error.message == "volume 'tmp': cannot mount tmpfs: operation not permitted (EPERM)");
  CHECK(error.hint == "run as root");
  CHECK(error.number == EPERM);
}

TEST_CASE("TRY_ASSIGN binds values and passes the first error up unchanged", "[base]") {
  CHECK(quarter_of(12).value() == 3);
  const Result<int> failed = quarter_of(6);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "3 is odd");
  CHECK(failed.error().hint == "take an even number");
}

TEST_CASE("TRY goes on or returns", "[base]") {
  CHECK(check_even(2));
  CHECK(check_even(3).error().message == "3 is odd");
}

TEST_CASE("TRY_ASSIGN moves what cannot be copied", "[base]") {
  CHECK(*boxed(7).value() == 7);
}

TEST_CASE("fail_errno is an error of the same words", "[base]") {
  const Result<> failed = fail_errno("cannot write", EFBIG);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "cannot write: file too large (EFBIG)");
}

TEST_CASE("context is put before each of several mistakes, and not before what goes on", "[base]") {
  const Error error = Error{"a:1: x\na:2: y\n  1  z"}.within("extends");
  CHECK(error.message == "extends: a:1: x\nextends: a:2: y\n  1  z");
}

TEST_CASE("several errors are one with their messages in lines and the first hint", "[base]") {
  const Error error = together({{"a"}, {"b", "do b"}, {"c", "do c"}});
  CHECK(error.message == "a\nb\nc");
  CHECK(error.hint == "do b");
}
