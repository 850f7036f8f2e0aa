#include "core/forecast/prepare.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

void interpolate_linearly(std::span<double> values) {
  const std::size_t n = values.size();
  std::size_t known = n;  // the last known place
  for (std::size_t t = 0; t < n; ++t) {
    if (std::isnan(values[t])) continue;
    for (std::size_t gap = known == n ? 0 : known + 1; gap < t; ++gap) {
      if (known == n) values[gap] = values[t];
      else
        values[gap] = values[known] + (values[t] - values[known]) * static_cast<double>(gap - known) /
                                          static_cast<double>(t - known);
    }
    known = t;
  }
  for (std::size_t gap = known + 1; gap < n; ++gap) values[gap] = values[known];
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Median effect of each place in the season over the median of a season around it; robust, so that outliers
// are not taken for season.
std::vector<double> robust_effects(std::span<const double> values, std::size_t season) {
  const std::vector<double> smooth = moving_average(values, season);
  std::vector<double> effects(season, 0.0);
  std::vector<double> found;
  for (std::size_t place = 0; place < season; ++place) {
    found.clear();
    for (std::size_t t = place; t < values.size(); t += season)
      if (!std::isnan(smooth[t])) found.push_back(values[t] - smooth[t]);
    if (!found.empty()) effects[place] = median(found);
  }
  return effects;
}

}  // namespace

void interpolate(std::span<double> values, std::size_t season) {
  std::vector<std::size_t> gaps;
  for (std::size_t t = 0; t < values.size(); ++t)
    if (std::isnan(values[t])) gaps.push_back(t);
  if (gaps.empty()) return;
  interpolate_linearly(values);
  if (season < 2 || values.size() < 2 * season + 1 || !is_seasonal(values, season)) return;
  const std::vector<double> effects = seasonal_effects(values, season, false);
  for (std::size_t t = 0; t < values.size(); ++t) values[t] -= effects[t % season];
  for (const std::size_t t : gaps) values[t] = std::numeric_limits<double>::quiet_NaN();
  interpolate_linearly(values);
  for (std::size_t t = 0; t < values.size(); ++t) values[t] += effects[t % season];
}

std::int64_t draw_in_outliers(std::span<double> values, std::size_t season) {
  constexpr std::size_t kFewest = 8;
  constexpr double kTooFar = 8;
  const std::size_t n = values.size();
  if (n < kFewest) return 0;
  std::vector<double> effects(1, 0.0);
  if (season > 1 && n >= 3 * season) effects = robust_effects(values, season);
  const auto effect = [&](std::size_t t) { return effects[t % effects.size()]; };
  std::vector<double> around(n);
  std::vector<double> distances(n);
  for (std::size_t t = 0; t < n; ++t) {
    std::array<double, 5> window{};
    const std::size_t first = std::min(t < 2 ? 0 : t - 2, n - 5);
    for (std::size_t i = 0; i < 5; ++i) window[i] = values[first + i] - effect(first + i);
    std::sort(window.begin(), window.end());
    around[t] = window[2];
    distances[t] = std::fabs(values[t] - effect(t) - around[t]);
  }
  std::vector<double> sorted = distances;
  const double usual = 1.4826 * median(sorted);
  if (!(usual > 0)) return 0;
  std::int64_t outliers = 0;
  for (std::size_t t = 0; t < n; ++t) {
    if (distances[t] <= kTooFar * usual) continue;
    const bool below = values[t] - effect(t) < around[t];
    const bool at_end = t + 1 == n;
    values[t] = around[t] + effect(t) + (at_end ? (below ? -1 : 1) * kTooFar * usual : 0);
    ++outliers;
  }
  return outliers;
}

}  // namespace revenue::forecast
