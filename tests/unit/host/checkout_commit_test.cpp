#include "host/checkout_commit.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "sys/temp_tree.hpp"

using namespace stepbox;

namespace {

const std::string kFirst(40, 'a');
const std::string kSecond(40, 'b');

struct Checkout : test::TempTree {
  Checkout() { directory(".git/refs/heads"); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(*this / name) << text; }
  std::string commit() const { return host::commit_of(path()); }
};

}  // namespace

TEST_CASE("the commit of a checkout is that of its branch, loose or packed, or its own", "[host][warm]") {
  const Checkout checkout;
  checkout.write(".git/HEAD", kFirst + "\n");
  CHECK(checkout.commit() == kFirst);
  checkout.write(".git/HEAD", "ref: refs/heads/main\n");
  CHECK(checkout.commit().empty());
  checkout.write(".git/packed-refs", "# pack-refs with: peeled\n" + kFirst + " refs/heads/main2\n" + kSecond + " refs/heads/main\n^" + kFirst + "\n");
  CHECK(checkout.commit() == kSecond);
  checkout.write(".git/refs/heads/main", kFirst + "\n");
  CHECK(checkout.commit() == kFirst);
}

TEST_CASE("a checkout cannot make its commit say anything else", "[host][warm]") {
  const Checkout checkout;
  CHECK(checkout.commit().empty());
  for (const char* head : {"", "secret\n", "ref: \n", "ref: ../../etc/passwd\n", "ref: refs/../../../etc/passwd\n", "ref: refs/heads/\n"}) {
    checkout.write(".git/HEAD", head);
    CHECK(checkout.commit().empty());
  }
  checkout.write("secret", kFirst + "\n");
  checkout.write(".git/HEAD", "ref: refs/heads/main\n");
  checkout.link("../../../secret", ".git/refs/heads/main");
  CHECK(checkout.commit().empty());
  std::filesystem::remove(checkout / ".git/HEAD");
  checkout.link("../secret", ".git/HEAD");
  CHECK(checkout.commit().empty());
  std::filesystem::remove(checkout / ".git/HEAD");
  REQUIRE(::mkfifo((checkout / ".git/HEAD").c_str(), 0600) == 0);
  CHECK(checkout.commit().empty());
  CHECK(host::commit_of("/nonexistent").empty());
}
