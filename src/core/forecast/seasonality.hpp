#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace revenue::forecast {

/// The effect of each place in the season, averaged over all seasons (classical decomposition): factors
/// with mean 1, or differences with mean 0. `first` of the result belongs to values[0]. Needs two seasons.
std::vector<double> seasonal_effects(std::span<const double> values, std::size_t season, bool multiplicative);

/// The same drawn towards no season by as much as chance alone would make effects differ (James & Stein 1961;
/// Miller & Williams 2003). Empty where little would be left, and below two seasons.
std::vector<double> shrunk_effects(std::span<const double> values, std::size_t season, bool multiplicative);

/// The centred moving average over one season; NaN where the window leaves the series.
std::vector<double> moving_average(std::span<const double> values, std::size_t season);

}  // namespace revenue::forecast
