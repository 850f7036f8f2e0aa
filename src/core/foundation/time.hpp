#pragma once

#include <chrono>
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

/// What the clock on the wall shows: microseconds since 2000-01-01 00:00 in the time zone of whoever
/// asks. In SQL it is a timestamptz, read and shown in the session's TimeZone, so that a month begins
/// where its date does. The smallest and the largest value are -infinity and infinity.
struct LocalTime {
  std::int64_t micros = 0;

  constexpr bool finite() const { return micros != INT64_MIN && micros != INT64_MAX; }
  constexpr auto operator<=>(const LocalTime&) const = default;
};

/// A day: days since 2000-01-01, as date has it; the smallest and the largest value are -infinity
/// and infinity.
struct Date {
  std::int32_t days = 0;

  constexpr bool finite() const { return days != INT32_MIN && days != INT32_MAX; }
  constexpr auto operator<=>(const Date&) const = default;
};

/// The first day of the month; infinity stays. Days within the range of std::chrono::year.
constexpr Date month_of(Date date) {
  using namespace std::chrono;
  constexpr sys_days kEpoch = year{2000} / January / 1;
  if (!date.finite()) return date;
  const year_month_day day{kEpoch + days{date.days}};
  return {static_cast<std::int32_t>((sys_days{day.year() / day.month() / 1} - kEpoch).count())};
}

/// Days from `from` to `to`, fractions included; negative when `to` comes first.
constexpr double days_between(Timestamp from, Timestamp to) {
  constexpr double kMicrosPerDay = 86400e6;
  return (static_cast<double>(to.micros) - static_cast<double>(from.micros)) / kMicrosPerDay;
}

}  // namespace revenue
