#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/foundation/poll.hpp"
#include "core/forecast/calendar.hpp"

namespace revenue::forecast {

/// A value and when it was; several of one period are gathered.
struct Observation {
  LocalTime at;
  double value = 0;
};

enum class Method : std::uint8_t {
  automatic,
  fast,
  ets,
  theta,
  ces,
  ces_adjusted,
  damped,
  ses,
  naive,
  seasonal_naive,
  sba,
  tsb,
  adida,
};
enum class Gather : std::uint8_t { sum, mean, last };
enum class Gaps : std::uint8_t { automatic, zero, interpolate };

/// What a caller may say about a series; plain values, because they travel with the aggregate's state.
struct SeriesOptions {
  std::optional<Period> period;  ///< nothing = inferred
  std::int32_t season = 0;       ///< periods; 0 = usual for the period, 1 = none
  Method method = Method::automatic;
  Gather gather = Gather::sum;
  Gaps gaps = Gaps::automatic;
  std::int32_t first_month = 1;    ///< of the year, for years and quarters
  std::int32_t first_weekday = 1;  ///< of the week, 1 is Monday
  std::optional<Date> data_end;    ///< periods that last beyond that day are incomplete
  bool workdays = false;           ///< months, quarters and weeks per working day

  bool operator==(const SeriesOptions&) const = default;
};

/// Something the caller should know of how a series was read.
enum class Remark : std::uint8_t {
  one_point,           ///< taken for a month
  irregular,           ///< gathered into periods
  several_in_period,   ///< count rows shared a period
  interpolated,        ///< count periods without a value
  zeros_filled,
  leading_zeros,       ///< count periods left out
  partial_first,
  partial_last,        ///< left out
  shortened,           ///< only the last count periods are fitted
  outliers,            ///< count values were drawn in
  constant,
  short_history,       ///< fewer than two seasons
  very_short,          ///< fewer than count values: a wide fallback
  lumpy,               ///< mostly zeros
  ended,               ///< zeros at the end
  no_season,
  year_effect,
  month_end_effect,
  per_workday,
};

struct Note {
  Remark remark = Remark::constant;
  std::int64_t count = 0;
};

std::string text_of(const Note& note, Period period);

/// Values of consecutive periods; NaN where there was none.
struct Series {
  Calendar calendar;
  std::int64_t first = 0;
  std::int32_t season = 1;
  std::vector<double> values;
  std::vector<Note> notes;
};

/// Gathers observations into periods. `observations` is sorted on return, and the result does not depend on
/// their order. Not empty. Throws out_of_range where a sum is no finite number, invalid_argument for a period
/// so short that there would be more than kMostPeriods.
Series regular_series(std::span<Observation> observations, const SeriesOptions& options, Poll poll = no_poll);

inline constexpr std::int64_t kMostPeriods = 100'000;

/// Monday to Friday.
std::int64_t workdays_between(std::int64_t first_day, std::int64_t end_day);

}  // namespace revenue::forecast
