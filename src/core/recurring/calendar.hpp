#pragma once

#include <cstdint>
#include <string_view>

#include "core/foundation/time.hpp"

namespace revenue::recurring {

/// The days a ledger knows: 0001-01-01 to 9999-12-31.
inline constexpr Date kFirstDay{-730'119};
inline constexpr Date kLastDay{2'921'939};
inline constexpr Date kEndOfDays{kLastDay.days + 1};

constexpr bool in_calendar(Date date) {
  return date >= kFirstDay && date <= kLastDay;
}

enum class PeriodUnit : std::uint8_t { day, week, month, quarter, year };

/// Throws invalid_argument for a name that is none of day, week, month, quarter and year.
PeriodUnit period_unit_from(std::string_view name);

/// Periods in a row: each has a number, the next one the number after it.
struct Calendar {
  PeriodUnit unit = PeriodUnit::month;
  std::int32_t week_start = 1;         ///< 1 = Monday to 7 = Sunday
  std::int32_t fiscal_year_start = 1;  ///< the month in which quarters and years begin

  std::int32_t number_of(Date day) const;
  Date start_of(std::int32_t number) const;
};

}  // namespace revenue::recurring
