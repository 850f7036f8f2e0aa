#pragma once

#include <cstdint>
#include <vector>

#include "core/anomaly/calendar.hpp"

namespace revenue::anomaly {

/// A value of a period; of a ratio also how many observations it is over.
struct Point {
  std::int64_t period = 0;
  double value = 0;
  double n = 0;  ///< 0: no ratio
};

/// The scale on which a series is steady: effects that multiply add up on the logarithm, counts
/// have an even spread on the root. One unit is a change by about the whole level in each of them.
struct Shape {
  enum class Kind : std::uint8_t { logarithm, root, linear, odds };

  Kind kind = Kind::linear;
  double level = 1;  ///< a usual value; above 0

  double forward(const Point& point) const;
  double forward(double value) const;
  double inverse(double y) const;
};

/// What the first points of a series show, learned with medians, so that up to half of the points
/// of a weekday may be wrong.
struct Baseline {
  Shape shape;
  double sigma = 0;              ///< of what the level and the calendar do not explain, on the shape's scale
  double least_sigma = 0;        ///< what rounding alone makes
  double spread = 0;             ///< sigma and, of a ratio, what drawing few observations makes
  std::vector<double> residual;  ///< of each point, in spreads

  /// The residual as a deviation of the size that Detector judges by, in hindsight: medians of so few
  /// points run after them, and know next to nothing of the ends of so few months.
  static double deviation_per_spread(const PeriodEffects& effects);
  double deviation(std::size_t point, const PeriodEffects& effects) const {
    return residual[point] * deviation_per_spread(effects);
  }
};

/// Whether so many points, the first and the last of these periods, are a baseline.
bool enough_for_baseline(std::int64_t first_period, std::int64_t last_period, std::size_t points,
                         const Calendar& calendar, const DetectorOptions& options);

Baseline learn_baseline(const std::vector<Point>& points, const Calendar& calendar);

}  // namespace revenue::anomaly
