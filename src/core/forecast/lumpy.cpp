#include "core/forecast/lumpy.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/forecast/minimise.hpp"

namespace revenue::forecast {

double mean_interval(std::span<const double> values) {
  const auto demands = static_cast<double>(
      std::count_if(values.begin(), values.end(), [](double value) { return value != 0; }));
  return demands > 0 ? static_cast<double>(values.size()) / demands : static_cast<double>(values.size()) + 1;
}

std::size_t trailing_zeros(std::span<const double> values) {
  const auto last = std::find_if(values.rbegin(), values.rend(), [](double value) { return value != 0; });
  return static_cast<std::size_t>(last - values.rbegin());
}

double fit_sba(std::span<const double> values, std::span<double> fitted) {
  constexpr double kAlpha = 0.1;
  double size = 0;
  double interval = 0;
  double waited = 1;
  bool first = true;
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double value = values[t];
    if (!fitted.empty()) fitted[t] = first ? 0 : (1 - kAlpha / 2) * size / interval;
    if (value == 0) {
      waited += 1;
      continue;
    }
    size = first ? value : size + kAlpha * (value - size);
    interval = first ? waited : interval + kAlpha * (waited - interval);
    first = false;
    waited = 1;
  }
  return first ? 0 : (1 - kAlpha / 2) * size / interval;
}

double fit_tsb(std::span<const double> values, std::span<double> fitted) {
  // The probability starts at its mean, the size at the first demand.
  const auto tsb = [&](double beta, double* last) {
    constexpr double kAlpha = 0.1;
    double size = 0;
    for (const double value : values)
      if (value != 0) {
        size = value;
        break;
      }
    double probability = 1 / mean_interval(values);
    double squares = 0;
    for (std::size_t t = 0; t < values.size(); ++t) {
      const double value = values[t];
      if (last != nullptr && !fitted.empty()) fitted[t] = probability * size;
      const double error = value - probability * size;
      squares += error * error;
      if (value != 0) size += kAlpha * (value - size);
      probability += beta * ((value != 0 ? 1 : 0) - probability);
    }
    if (last != nullptr) *last = probability * size;
    return squares;
  };
  const double beta = minimise(0.01, 0.3, 6, 1e-3, [&](double candidate) { return tsb(candidate, nullptr); });
  double last = 0;
  tsb(beta, &last);
  return last;
}

double fit_adida(std::span<const double> values, std::span<double> fitted) {
  const auto bucket = static_cast<std::size_t>(
      std::clamp(std::llround(mean_interval(values)), 1LL, static_cast<long long>(values.size())));
  std::vector<double> sums;
  for (std::size_t begin = values.size() % bucket; begin < values.size(); begin += bucket)
    sums.push_back(std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                   values.begin() + static_cast<std::ptrdiff_t>(begin + bucket), 0.0));
  std::vector<double> expected(fitted.empty() ? 0 : sums.size());
  const double level = fit_ses(sums, expected) / static_cast<double>(bucket);
  const std::size_t first = values.size() % bucket;
  for (std::size_t t = 0; t < fitted.size(); ++t)
    fitted[t] = expected[t < first ? 0 : (t - first) / bucket] / static_cast<double>(bucket);
  return level;
}

double fit_ses(std::span<const double> values, std::span<double> fitted) {
  // For a given smoothing the errors are linear in the first level, which is solved for.
  struct Smoothed {
    double squares = 0;
    double first = 0;  // level before the first value
  };
  const auto smooth = [&](double alpha) {
    double smoothed = 0, decay = 1;
    double pp = 0, pr = 0, rr = 0;
    for (const double value : values) {
      const double rest = value - smoothed;
      pp += decay * decay;
      pr += decay * rest;
      rr += rest * rest;
      smoothed += alpha * rest;
      decay *= 1 - alpha;
    }
    return Smoothed{rr - pr * pr / pp, pr / pp};
  };
  const double alpha = minimise(0.01, 0.99, 8, 1e-3, [&](double candidate) { return smooth(candidate).squares; });
  double level = smooth(alpha).first;
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (!fitted.empty()) fitted[t] = level;
    level += alpha * (values[t] - level);
  }
  return level;
}

}  // namespace revenue::forecast
