#include "digest/sha256.hpp"

#include <nettle/sha2.h>

namespace stepbox::digest {
namespace {

sha256_ctx* context_in(std::array<std::byte, 112>& bytes) {
  static_assert(sizeof(sha256_ctx) <= sizeof(bytes) && alignof(sha256_ctx) <= 8);
  return reinterpret_cast<sha256_ctx*>(bytes.data());
}

}  // namespace

Sha256::Sha256() { sha256_init(context_in(context_)); }

void Sha256::update(std::span<const std::byte> bytes) {
  sha256_update(context_in(context_), bytes.size(), reinterpret_cast<const uint8_t*>(bytes.data()));
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  sha256_digest(context_in(context_), digest.size(), digest.data());
  return digest;
}

Sha256Digest sha256(std::string_view bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

std::string hex(const Sha256Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace stepbox::digest
