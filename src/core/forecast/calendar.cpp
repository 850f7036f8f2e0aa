#include "core/forecast/calendar.hpp"

#include <algorithm>

#include "core/foundation/error.hpp"

namespace revenue::forecast {

namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
constexpr std::int64_t kMillennium = 730'425;  // days from 0000-03-01 to 2000-01-01
constexpr int kFirstWeekday = 5;               // 2000-01-01 was a Saturday

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) { return a - floor_div(a, b) * b; }

std::int64_t month_index(const Civil& civil) { return (civil.year - 2000) * 12 + civil.month - 1; }

std::int64_t first_of_month(std::int64_t index) {
  return day_of(Civil{2000 + floor_div(index, 12), static_cast<int>(floor_mod(index, 12)) + 1, 1});
}

std::int64_t months_of(Period period) {
  return period == Period::year ? 12 : period == Period::quarter ? 3 : 1;
}

}  // namespace

std::string_view name_of(Period period) {
  constexpr std::string_view kNames[] = {"day", "workday", "week", "month", "quarter", "year"};
  return kNames[static_cast<std::size_t>(period)];
}

// Years of the count begin in March, so that the day of the leap year comes last.
Civil civil_of(std::int64_t day) {
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

std::int64_t day_of(const Civil& civil) {
  const std::int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t of_era = year - era * 400;
  const std::int64_t month = civil.month > 2 ? civil.month - 3 : civil.month + 9;
  const std::int64_t in_year = (153 * month + 2) / 5 + civil.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + in_year - kMillennium;
}

int days_in_month(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

int weekday_of(std::int64_t day) { return static_cast<int>(floor_mod(day + kFirstWeekday, 7)); }

std::int64_t day_of(LocalTime time) { return floor_div(time.micros, kMicrosPerDay); }

std::int64_t Calendar::index_of(LocalTime at) const {
  const std::int64_t day = day_of(at);
  switch (period) {
    case Period::day: return day;
    case Period::workday: {
      const std::int64_t week = floor_div(day + kFirstWeekday, 7);
      return week * 5 + std::min(weekday_of(day), 4);
    }
    case Period::week: return floor_div(day + kFirstWeekday - phase, 7);
    default: return floor_div(month_index(civil_of(day)) - phase, months_of(period));
  }
}

std::int64_t Calendar::first_day(std::int64_t index) const {
  switch (period) {
    case Period::day: return index;
    case Period::workday: return floor_div(index, 5) * 7 + floor_mod(index, 5) - kFirstWeekday;
    case Period::week: return index * 7 - kFirstWeekday + phase;
    default: return first_of_month(index * months_of(period) + phase);
  }
}

LocalTime Calendar::time_of(std::int64_t index) const {
  constexpr std::int64_t kFirst = -6000 * 365;
  constexpr std::int64_t kLast = 288'000 * 365;
  if (index < kFirst || index > kLast || first_day(index) < kFirst || first_day(index) > kLast)
    throw Error(ErrorCode::out_of_range, "the forecast leaves the calendar", "Ask for a shorter horizon.");
  const std::int64_t day = first_day(index) + std::min<std::int64_t>(position, length(index) - 1);
  return {day * kMicrosPerDay + time};
}

std::int32_t season_of(Period period) {
  constexpr std::int32_t kSeasons[] = {7, 5, 52, 12, 4, 1};
  return kSeasons[static_cast<std::size_t>(period)];
}

}  // namespace revenue::forecast
