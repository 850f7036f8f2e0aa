#include "core/recurring/calendar.hpp"

#include <string>

#include "core/foundation/error.hpp"

namespace revenue::recurring {
namespace {

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
  if (unit == PeriodUnit::week)
    return static_cast<std::int32_t>(floor_div(day.days + kFirstWeekday - (week_start - 1), 7));
  const std::int32_t shift = unit == PeriodUnit::month ? 0 : fiscal_year_start - 1;
  return static_cast<std::int32_t>(floor_div(month_index(day.days) - shift, months_of(unit)));
}

Date Calendar::start_of(std::int32_t number) const {
  if (unit == PeriodUnit::day) return {number};
  if (unit == PeriodUnit::week)
    return {static_cast<std::int32_t>(7 * number - kFirstWeekday + (week_start - 1))};
  const std::int32_t shift = unit == PeriodUnit::month ? 0 : fiscal_year_start - 1;
  const std::int64_t month = std::int64_t{number} * months_of(unit) + shift;
  return {static_cast<std::int32_t>(first_of_month(month))};
}

}  // namespace revenue::recurring
