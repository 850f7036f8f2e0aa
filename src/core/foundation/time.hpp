#pragma once

#include <compare>
#include <cstdint>

namespace revenue {

/// An instant: microseconds since 2000-01-01 00:00 UTC, as timestamptz has it; the smallest and the
/// largest value are -infinity and infinity.
struct Timestamp {
  std::int64_t micros = 0;

  constexpr bool finite() const { return micros != INT64_MIN && micros != INT64_MAX; }
  constexpr auto operator<=>(const Timestamp&) const = default;
};

/// Days from `from` to `to`, fractions included; negative when `to` comes first.
constexpr double days_between(Timestamp from, Timestamp to) {
  constexpr double kMicrosPerDay = 86400e6;
  return (static_cast<double>(to.micros) - static_cast<double>(from.micros)) / kMicrosPerDay;
}

}  // namespace revenue
