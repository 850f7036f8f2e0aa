#pragma once

#include <span>
#include <vector>

#include "core/forecast/series.hpp"

namespace revenue::forecast {

/// The middle one; the order of the values is lost. Not empty.
double median(std::vector<double>& values);

/// The median effect of each place in the season beside the running median, so that outliers are not taken for season.
std::vector<double> robust_effects(std::span<const double> values, std::size_t season);

/// Replaces NaN by what the neighbours and the season suggest: linear between the neighbours, without the season
/// where there are two seasons. At least one value is known.
void interpolate(std::span<double> values, std::size_t season);

/// Draws values in that stand apart, and gives how many: one or two in a row that lie further from the two values before
/// and the two after than eight usual steps, after the season, or than eight times what those differ by. A new level that
/// lasts is none, nor is what comes again a season later; the last value is only drawn to the limit, because it may be the
/// first of a new level. Of fewer than twelve values the limit is wider and only single ones are drawn in; of fewer than
/// five none is.
std::int64_t draw_in_outliers(std::span<double> values, std::size_t season);

}  // namespace revenue::forecast
