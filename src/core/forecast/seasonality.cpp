#include "core/forecast/seasonality.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace revenue::forecast {

namespace {

// How each value stands to the moving average over a season, by place in the season.
struct Places {
  std::vector<double> means;
  std::vector<double> counts;
  double within = 0;  // sum of squares around the means
  double total = 0;   // values
};

Places places_of(std::span<const double> values, std::size_t season, bool multiplicative) {
  const std::vector<double> smooth = moving_average(values, season);
  const auto known = [&](std::size_t t) { return !std::isnan(smooth[t]) && (!multiplicative || smooth[t] > 0); };
  const auto stands = [&](std::size_t t) { return multiplicative ? values[t] / smooth[t] : values[t] - smooth[t]; };
  Places places{std::vector<double>(season, 0.0), std::vector<double>(season, 0.0)};
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (!known(t)) continue;
    places.means[t % season] += stands(t);
    places.counts[t % season] += 1;
    places.total += 1;
  }
  for (std::size_t i = 0; i < season; ++i) {
    if (places.counts[i] > 0) places.means[i] /= places.counts[i];
    else places.means[i] = multiplicative ? 1 : 0;
  }
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (!known(t)) continue;
    const double rest = stands(t) - places.means[t % season];
    places.within += rest * rest;
  }
  return places;
}

// How much of the pattern of the last season the one before had too: 1 where they are the same, about 0 where the level
// moved in one of them, which is no season although it looks like one.
double repeated(std::span<const double> values, std::size_t season) {
  const std::span<const double> last = values.last(season);
  const std::span<const double> before = values.last(2 * season).first(season);
  const auto mean = [season](std::span<const double> of) {
    return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(season);
  };
  const double last_mean = mean(last), before_mean = mean(before);
  double both = 0, last_squares = 0, before_squares = 0;
  for (std::size_t i = 0; i < season; ++i) {
    both += (last[i] - last_mean) * (before[i] - before_mean);
    last_squares += (last[i] - last_mean) * (last[i] - last_mean);
    before_squares += (before[i] - before_mean) * (before[i] - before_mean);
  }
  const double largest = std::max(last_squares, before_squares);
  return largest > 0 ? both / largest : 0;
}

std::vector<double> normalised(std::vector<double> effects, bool multiplicative) {
  const double mean = std::accumulate(effects.begin(), effects.end(), 0.0) / static_cast<double>(effects.size());
  for (double& effect : effects) {
    if (!multiplicative) effect -= mean;
    else if (mean > 0) effect /= mean;
  }
  return effects;
}

}  // namespace

std::vector<double> moving_average(std::span<const double> values, std::size_t season) {
  const std::size_t n = values.size();
  const std::size_t half = season / 2;
  const bool even = season % 2 == 0;
  std::vector<double> smooth(n, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t t = half; t + half < n; ++t) {
    double sum = 0;
    for (std::size_t i = t - half; i <= t + half; ++i) sum += values[i];
    if (even) sum -= (values[t - half] + values[t + half]) / 2;
    smooth[t] = sum / static_cast<double>(season);
  }
  return smooth;
}

std::vector<double> seasonal_effects(std::span<const double> values, std::size_t season, bool multiplicative) {
  return normalised(places_of(values, season, multiplicative).means, multiplicative);
}

std::vector<double> shrunk_effects(std::span<const double> values, std::size_t season, bool multiplicative) {
  if (season < 2 || values.size() < 2 * season) return {};
  const Places places = places_of(values, season, multiplicative);
  std::vector<double> effects = normalised(places.means, multiplicative);
  const double centre = multiplicative ? 1 : 0;
  double between = 0;
  for (const double effect : effects) between += (effect - centre) * (effect - centre);
  const auto m = static_cast<double>(season);
  // With one value a place there is nothing to tell chance by: what that was worth on M1 and M3.
  constexpr double kUnknown = 0.7;
  constexpr double kTooLittle = 0.4;
  double kept = kUnknown;
  constexpr double kRepeated = 0.25;
  if (values.size() < 3 * season && repeated(values, season) < kRepeated) return {};
  if (places.total > m) {
    const double of_a_mean = places.within / (places.total - m) / (places.total / m);
    kept = between > 0 ? 1 - std::max(m - 3, 1.0) * of_a_mean / between : 0;
  }
  if (!(between > 0) || kept < kTooLittle) return {};
  for (double& effect : effects) effect = centre + kept * (effect - centre);
  return effects;
}

}  // namespace revenue::forecast
