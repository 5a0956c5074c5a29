// SHA-256 of bytes that arrive in pieces. The only place that includes Nettle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace stepbox::digest {

using Sha256Digest = std::array<uint8_t, 32>;

// Cheap to make and to copy: no allocation. A copy goes on from the same bytes on its own.
class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte> bytes);
  void update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }
  // The digest of all bytes since the last finish(); the next update() begins anew.
  Sha256Digest finish();

 private:
  // Nettle's context; sha256.cpp checks the size.
  alignas(8) std::array<std::byte, 112> context_;
};

Sha256Digest sha256(std::string_view bytes);

// Sixty-four hexadecimal digits in lower case, as sha256sum(1) prints them.
std::string hex(const Sha256Digest& digest);

}  // namespace stepbox::digest
