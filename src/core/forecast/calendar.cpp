#include "core/forecast/calendar.hpp"

#include <algorithm>

#include "core/foundation/error.hpp"

namespace revenue::forecast {

namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

std::int64_t months_of(Period period) {
  return period == Period::year ? 12 : period == Period::quarter ? 3 : 1;
}

}  // namespace

std::string_view name_of(Period period) {
  constexpr std::string_view kNames[] = {"day", "workday", "week", "month", "quarter", "year"};
  return kNames[static_cast<std::size_t>(period)];
}

std::int64_t Calendar::index_of(LocalTime at) const {
  const std::int64_t day = day_of(at);
  switch (period) {
    case Period::day: return day;
    case Period::workday: {
      const std::int64_t week = floor_div(day + kFirstWeekday, 7);
      return week * 5 + std::min(weekday_of(day), 4);
    }
    case Period::week: return floor_div(day + kFirstWeekday - phase, 7);
    default: return floor_div(month_index(day) - phase, months_of(period));
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
