#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace revenue::forecast {

/// Whether the autocorrelation at lag `season` stands out at 90 % (Fiorucci et al. 2016): needs three
/// seasons, and a season of two or more.
bool is_seasonal(std::span<const double> values, std::size_t season);

/// The effect of each place in the season, averaged over all seasons (classical decomposition): factors
/// with mean 1, or differences with mean 0. `first` of the result belongs to values[0]. Needs two seasons.
std::vector<double> seasonal_effects(std::span<const double> values, std::size_t season, bool multiplicative);

/// The centred moving average over one season; NaN where the window leaves the series.
std::vector<double> moving_average(std::span<const double> values, std::size_t season);

}  // namespace revenue::forecast
