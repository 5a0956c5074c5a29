#include <catch2/catch.hpp>

#include "digest/sha256.hpp"

using namespace stepbox;
using digest::hex;
using digest::sha256;

// The values are those of FIPS 180-4's examples and of sha256sum(1).
TEST_CASE("SHA-256 gives the digests of the standard", "[digest]") {
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hex(sha256(std::string(1000000, 'a'))) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("How the bytes are cut into pieces does not change the digest", "[digest]") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  const size_t piece = GENERATE(1, 3, 55, 56, 63, 64, 65, 127, 999, 1000);
  digest::Sha256 hasher;
  for (size_t at = 0; at < bytes.size(); at += piece) hasher.update(std::string_view(bytes).substr(at, piece));
  CHECK(hasher.finish() == sha256(bytes));
}

TEST_CASE("A hasher can be used again, and a copy goes on by itself", "[digest]") {
  digest::Sha256 hasher;
  hasher.update("first");
  CHECK(hasher.finish() == sha256("first"));
  hasher.update("sec");
  digest::Sha256 copy = hasher;
  copy.update("tor");
  hasher.update("ond");
  CHECK(hasher.finish() == sha256("second"));
  CHECK(copy.finish() == sha256("sector"));
}
