#include "core/recurring/calendar.hpp"

#include <chrono>
#include <string>

#include "core/foundation/error.hpp"

namespace revenue::recurring {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;

constexpr sys_days kEpoch = year{2000} / 1 / 1;
constexpr std::int32_t kFirstMonday = 2;  // 2000-01-03

constexpr std::int32_t floor_divide(std::int32_t a, std::int32_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::int32_t month_number(Date day) {
  const std::chrono::year_month_day civil{kEpoch + days{day.days}};
  return static_cast<int>(civil.year()) * 12 +
         static_cast<std::int32_t>(static_cast<unsigned>(civil.month())) - 1;
}

Date month_start(std::int32_t number) {
  const std::int32_t year_number = floor_divide(number, 12);
  const auto month = static_cast<unsigned>(number - 12 * year_number + 1);
  const sys_days start = year{year_number} / std::chrono::month{month} / 1;
  return {static_cast<std::int32_t>((start - kEpoch).count())};
}

std::int32_t months_of(PeriodUnit unit) {
  if (unit == PeriodUnit::year) return 12;
  return unit == PeriodUnit::quarter ? 3 : 1;
}

}  // namespace

PeriodUnit period_unit_from(std::string_view name) {
  if (name == "month") return PeriodUnit::month;
  if (name == "day") return PeriodUnit::day;
  if (name == "week") return PeriodUnit::week;
  if (name == "quarter") return PeriodUnit::quarter;
  if (name == "year") return PeriodUnit::year;
  throw Error(ErrorCode::invalid_argument, "unknown period \"" + std::string(name) + "\"",
              "The period is day, week, month, quarter or year.");
}

std::int32_t Calendar::number_of(Date day) const {
  if (unit == PeriodUnit::day) return day.days;
  if (unit == PeriodUnit::week) return floor_divide(day.days - kFirstMonday - (week_start - 1), 7);
  const std::int32_t shift = unit == PeriodUnit::month ? 0 : fiscal_year_start - 1;
  return floor_divide(month_number(day) - shift, months_of(unit));
}

Date Calendar::start_of(std::int32_t number) const {
  if (unit == PeriodUnit::day) return {number};
  if (unit == PeriodUnit::week) return {7 * number + kFirstMonday + (week_start - 1)};
  const std::int32_t shift = unit == PeriodUnit::month ? 0 : fiscal_year_start - 1;
  return month_start(number * months_of(unit) + shift);
}

}  // namespace revenue::recurring
