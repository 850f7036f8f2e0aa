#include "core/pipeline/common_factor.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace revenue::pipeline {
namespace {

constexpr std::size_t kGrid = 64;
constexpr double kMostSigma = 2;
constexpr double kPriorRate = 2.995732273553991;  // -ln(0.05): P(sigma > 1) = 0.05
constexpr double kFewestExpected = 1;             // below, a period says next to nothing

// Student's t with four degrees of freedom: now and then a period is out of line, and one such must
// not speak for all.
double log_likelihood(const PastForecast& past, double dispersion) {
  // The factor acts on what is not decided, of which the variance is the measure.
  const double variance =
      past.variance + (dispersion + past.parameter) * past.variance * past.variance;
  const double error = past.won - past.expected;
  return -(std::log(variance) + 5 * std::log1p(error * error / (4 * variance))) / 2;
}

// Probability that such a t is from -t to t.
double student_within(double t) {
  const double u = t / std::sqrt(4 + t * t);
  return u * (3 - u * u) / 2;
}

}  // namespace

double common_dispersion(std::span<const PastForecast> past, double weight) {
  std::array<double, kGrid> sigmas{};
  std::array<double, kGrid> posterior{};
  for (std::size_t i = 0; i < kGrid; ++i) {
    sigmas[i] = kMostSigma * (static_cast<double>(i) + 0.5) / kGrid;
    posterior[i] = -kPriorRate * sigmas[i];
    const double dispersion = std::expm1(sigmas[i] * sigmas[i]);
    for (const PastForecast& forecast : past)
      if (forecast.expected >= kFewestExpected && forecast.variance > 0)
        posterior[i] += weight * log_likelihood(forecast, dispersion);
  }
  const double highest = *std::max_element(posterior.begin(), posterior.end());
  double sum = 0;
  for (double& p : posterior) sum += p = std::exp(p - highest);

  // How far 95 of 100 logarithms reach, over all sigmas together.
  const auto within = [&](double reach) {
    double share = 0;
    for (std::size_t i = 0; i < kGrid; ++i)
      share += posterior[i] / sum * student_within(reach / sigmas[i]);
    return share;
  };
  constexpr double kReachOfOne = 1.959963984540054;
  double low = 0;
  double high = 3 * kMostSigma;
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (within(middle) < 0.95 ? low : high) = middle;
  }
  const double sigma = high / kReachOfOne;
  return std::expm1(sigma * sigma);
}

}  // namespace revenue::pipeline
