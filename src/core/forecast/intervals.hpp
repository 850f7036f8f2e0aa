#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/forecast/calendar.hpp"

namespace revenue::forecast {

/// Half the width of an interval of the given level, 0 to 1, around the forecast `step` periods ahead, in
/// multiples of the series' scale: what rolling origins over business series of such periods needed. Rises with
/// the level.
double usual_multiplier(Period period, std::int64_t step, double level);

/// The unit of a series' uncertainty: the mean absolute difference to the season before, or to the value
/// before where there is not more than one season.
double scale_of(std::span<const double> values, std::size_t season);

}  // namespace revenue::forecast
