#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace revenue::scoring {

/// '1 competitor', '2 competitors'.
inline std::string counted(std::int64_t n, std::string_view noun) {
  std::string text = std::to_string(n);
  text.append(" ").append(noun);
  if (n != 1) text.append("s");
  return text;
}

/// Whole days, rounded down: '75 days'. Not negative, not beyond the range of arguments.
inline std::string day_count(double days) {
  return counted(static_cast<std::int64_t>(days), "day");
}

/// A share in whole percent: '92 %'. Shares beyond 99,999 % are shown as that.
inline std::string percent(double share) {
  constexpr double kMost = 99'999;
  return std::to_string(static_cast<std::int64_t>(std::clamp(share * 100 + 0.5, 0.0, kMost))) +
         " %";
}

/// A caller's text for an error message, shortened where it is absurdly long.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 64;
  if (text.size() <= kMost) return '"' + std::string(text) + '"';
  std::size_t end = kMost;
  const auto inside_character = [&](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
  };
  while (end > 0 && inside_character(text[end])) --end;
  return '"' + std::string(text.substr(0, end)) + "...\"";
}

}  // namespace revenue::scoring
