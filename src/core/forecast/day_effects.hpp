#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/forecast/calendar.hpp"

namespace revenue::forecast {

/// What the calendar does to days beyond the weekday: the ends of months and quarters, and the time of the year.
/// Factors where all values are positive, differences elsewhere; empty where nothing stands out.
struct DayEffects {
  /// The last three days of a month, the last first, its first three, and what the last day of a quarter has beyond
  /// that.
  static constexpr std::size_t kPlaces = 7;

  bool multiplicative = false;
  std::vector<double> ends;    ///< kPlaces of them
  std::vector<double> months;  ///< January first, of the middle of the month

  bool empty() const { return ends.empty() && months.empty(); }
  /// The effect on a period of the calendar.
  double at(const Calendar& calendar, std::int64_t index) const;
  double without(double value, double effect) const { return multiplicative ? value / effect : value - effect; }
  double with(double value, double effect) const { return multiplicative ? value * effect : value + effect; }

  void serialize(Writer& writer) const;
  static DayEffects deserialize(Reader& reader);
};

/// Measures the effects on days or workdays, the first of which is `first`: ends of months from three months on, the
/// time of the year from two years on.
DayEffects day_effects(std::span<const double> values, std::int64_t first, const Calendar& calendar);

}  // namespace revenue::forecast
