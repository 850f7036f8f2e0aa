#pragma once

#include <cstdint>
#include <string_view>

#include "core/foundation/time.hpp"

namespace revenue::forecast {

/// How long a period of a series is. A workday is one of Monday to Friday.
enum class Period : std::uint8_t { day, workday, week, month, quarter, year };

std::string_view name_of(Period period);

/// Numbers the periods, so that a series is a vector. Quarters, years and weeks begin where those of the data do:
/// a fiscal year from February, weeks from Sunday.
struct Calendar {
  Period period = Period::month;
  std::int32_t phase = 0;     ///< weeks: day after Monday; quarters, years: month after January
  std::int32_t position = 0;  ///< day within the period that stands for it; kLastDay is its last
  std::int64_t time = 0;      ///< of that day, microseconds

  static constexpr std::int32_t kLastDay = 400;

  std::int64_t index_of(LocalTime time) const;
  std::int64_t first_day(std::int64_t index) const;
  std::int64_t length(std::int64_t index) const { return first_day(index + 1) - first_day(index); }

  /// The instant that stands for the period. Throws out_of_range outside the years -4000 to 290000.
  LocalTime time_of(std::int64_t index) const;
};

/// Periods after which a series usually repeats itself: 7 days, 5 workdays, 52 weeks, 12 months, 4 quarters; 1 for
/// years.
std::int32_t season_of(Period period);

}  // namespace revenue::forecast
