#include "core/forecast/seasonality.hpp"

#include <cmath>
#include <limits>
#include <numeric>

namespace revenue::forecast {

bool is_seasonal(std::span<const double> values, std::size_t season) {
  const std::size_t n = values.size();
  if (season < 2 || n < 3 * season) return false;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
  const auto covariance = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t t = lag; t < n; ++t) sum += (values[t] - mean) * (values[t - lag] - mean);
    return sum;
  };
  const double variance = covariance(0);
  if (!(variance > 0)) return false;
  double squares = 0;
  for (std::size_t lag = 1; lag < season; ++lag) {
    const double r = covariance(lag) / variance;
    squares += r * r;
  }
  constexpr double kQuantile = 1.6448536269514722;
  return std::fabs(covariance(season) / variance) > kQuantile * std::sqrt((1 + 2 * squares) / static_cast<double>(n));
}

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
  const std::vector<double> smooth = moving_average(values, season);
  std::vector<double> sums(season, 0.0);
  std::vector<double> counts(season, 0.0);
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (std::isnan(smooth[t]) || (multiplicative && !(smooth[t] > 0))) continue;
    sums[t % season] += multiplicative ? values[t] / smooth[t] : values[t] - smooth[t];
    counts[t % season] += 1;
  }
  double mean = 0;
  for (std::size_t i = 0; i < season; ++i) {
    sums[i] = counts[i] > 0 ? sums[i] / counts[i] : (multiplicative ? 1.0 : 0.0);
    mean += sums[i] / static_cast<double>(season);
  }
  for (double& effect : sums) {
    if (!multiplicative) effect -= mean;
    else if (mean > 0) effect /= mean;
  }
  return sums;
}

}  // namespace revenue::forecast
