// HMAC-SHA-256, so that a receiver can tell our requests from others'.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace relay {

/// SHA-256 after FIPS 180-4.
std::array<std::uint8_t, 32> sha256(std::string_view data);

/// HMAC after RFC 2104, in small hexadecimal digits.
std::string hmac_sha256(std::string_view key, std::string_view data);

}  // namespace relay
