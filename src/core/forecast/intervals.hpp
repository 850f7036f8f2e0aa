#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/forecast/calendar.hpp"

namespace revenue::forecast {

/// Half the width of an interval of the given level, 0 to 1, around the forecast `step` periods ahead, in multiples
/// of the scale of the series: what origins held back from business series of such periods needed (training parts of
/// M1 and M3). Rises with the level and with the step.
double usual_multiplier(Period period, std::int64_t step, double level);

/// The mean absolute error to expect `step` periods ahead, in multiples of base_scale().
double usual_score(Period period, std::int64_t step);

/// The unit of a series' errors, before its own record is known: between the mean absolute difference to the season
/// before and the root mean square of the one-step errors, geometrically, so that neither a trend, which only the
/// first has in it, nor a good fit decides alone. What was lately counts more, and a series that has
/// grown errs by more than it did. Zero only where all values are zero or the same for long.
double base_scale(std::span<const double> values, std::span<const double> fitted, std::size_t season);

/// How much wider than usual the interval `step` periods ahead is for a series whose level moves with the smoothing
/// `alpha`: the errors of simple smoothing grow with the root of 1 + (step - 1) alpha^2, and part of that is believed.
double level_growth(std::int64_t step, double alpha);

inline constexpr double kUsualDrift = 1.5;

/// The mean absolute difference to the season before over that to the value before, from 0.5 to 3.3; the usual
/// one where no season was seen. Small where a season repeats around a level, large where the level walks or grows.
double drift_of(std::span<const double> values, std::size_t season);

/// What that makes of the interval `step` periods ahead: where the level keeps, errors begin wider and grow less with the
/// step, where it walks they begin narrower and grow more. 1 for the usual drift.
double drift_growth(std::int64_t step, double drift);

/// How a series' own errors compare with the usual ones, as a factor of its scale: a low power of the mean ratio,
/// because one origin says little. 1 where there are none.
double own_factor(Period period, std::span<const double> scores);

/// The mean absolute difference to the season before, or to the value before where there is no more than a season.
double seasonal_difference(std::span<const double> values, std::size_t season);

/// Interpolates between values at kLevels: along -log(1 - level), in which tails are nearly straight.
double at_level(std::span<const double> values_at_levels, double level);
inline constexpr double kLevels[] = {0, 0.5, 0.7, 0.85, 0.95, 0.99};
inline constexpr std::size_t kLevelCount = 6;

}  // namespace revenue::forecast
