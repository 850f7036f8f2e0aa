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

/// What the clock on the wall shows: microseconds since 2000-01-01 00:00 in the time zone of
/// whoever asks. In SQL it is a timestamptz, read and shown in the session's TimeZone, so that a
/// month begins where its date does. The smallest and the largest value are -infinity and infinity.
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

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}
constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  return a - floor_div(a, b) * b;
}

/// A day of the Gregorian calendar, of any year.
struct Civil {
  std::int64_t year = 2000;
  int month = 1;
  int day = 1;
};

inline constexpr std::int64_t kMillennium = 730'425;  ///< days from 0000-03-01 to 2000-01-01
inline constexpr std::int64_t kFirstWeekday = 5;      ///< 2000-01-01 was a Saturday

/// The day that is so many days after 2000-01-01. Years of the count begin in March, so that the
/// day of the leap year comes last.
constexpr Civil civil_of(std::int64_t day) {
  const std::int64_t shifted = day + kMillennium;
  const std::int64_t era = floor_div(shifted, 146'097);
  const std::int64_t in_era = shifted - era * 146'097;
  const std::int64_t year = (in_era - in_era / 1460 + in_era / 36'524 - in_era / 146'096) / 365;
  const std::int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * in_year + 2) / 153;
  Civil civil;
  civil.day = static_cast<int>(in_year - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

constexpr std::int64_t day_of(const Civil& civil) {
  const std::int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t of_era = year - era * 400;
  const std::int64_t month = civil.month > 2 ? civil.month - 3 : civil.month + 9;
  const std::int64_t in_year = (153 * month + 2) / 5 + civil.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + in_year - kMillennium;
}

constexpr std::int64_t day_of(LocalTime time) {
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  return floor_div(time.micros, kMicrosPerDay);
}

constexpr int days_in_month(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

/// 0 is Monday.
constexpr int weekday_of(std::int64_t day) {
  return static_cast<int>(floor_mod(day + kFirstWeekday, 7));
}

/// Months counted through, January 2000 is 0.
constexpr std::int64_t month_index(std::int64_t day) {
  const Civil civil = civil_of(day);
  return (civil.year - 2000) * 12 + civil.month - 1;
}
constexpr std::int64_t first_of_month(std::int64_t index) {
  return day_of(Civil{2000 + floor_div(index, 12), static_cast<int>(floor_mod(index, 12)) + 1, 1});
}

/// The first day of the month; infinity stays.
constexpr Date month_of(Date date) {
  if (!date.finite()) return date;
  return {static_cast<std::int32_t>(first_of_month(month_index(date.days)))};
}

/// Days from `from` to `to`, fractions included; negative when `to` comes first.
constexpr double days_between(Timestamp from, Timestamp to) {
  constexpr double kMicrosPerDay = 86400e6;
  return (static_cast<double>(to.micros) - static_cast<double>(from.micros)) / kMicrosPerDay;
}

}  // namespace revenue
