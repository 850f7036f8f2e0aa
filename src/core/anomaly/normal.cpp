#include "core/anomaly/normal.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace revenue::anomaly {
namespace {

constexpr double kMostDeviations = 37;  // beyond, the probability is below the smallest double
constexpr double kNearlyAlways = -0.01;  // log of a probability from which on nothing is unusual

// log P(Z > z).
double log_tail(double z) { return std::log(std::erfc(z / std::numbers::sqrt2) / 2); }

// The z with that log P(Z > z): a start for large z, then Newton on the logarithm, where the
// function is all but a parabola.
double from_log_tail(double log_p) {
  constexpr double kHalf = -0.6931471805599453;
  if (std::fabs(log_p - kHalf) < 1e-12) return 0;
  if (log_p > kHalf) return log_p > -1e-300 ? -kMostDeviations : -from_log_tail(std::log(-std::expm1(log_p)));
  const double square = -2 * log_p;
  double z = std::sqrt(std::max(square - std::log(2 * std::numbers::pi * std::max(square - 1, 0.2)), 0.0));
  for (int i = 0; i < 6; ++i) {
    const double found = log_tail(z);
    const double hazard = std::exp(-z * z / 2 - found) / std::sqrt(2 * std::numbers::pi);
    const double step = (found - log_p) / hazard;
    z = std::clamp(z + step, 0.0, kMostDeviations);
    if (std::fabs(step) < 1e-12) break;
  }
  return z;
}

}  // namespace

double normal_deviation(double tail) { return from_log_tail(std::log(tail)); }

double deviation_among(double z, double trials) {
  const double size = std::min(std::fabs(z), kMostDeviations);
  if (trials == 1) return std::copysign(size, z);
  // 1 - (1 - p)^trials is so near trials x p out here that no double shows the difference.
  const double log_alone = log_tail(size) + std::numbers::ln2;
  const double log_among =
      log_alone < -35 ? log_alone + std::log(trials)
                      : std::log(-std::expm1(trials * std::log1p(-std::exp(std::min(log_alone, 0.0)))));
  if (log_among > kNearlyAlways) return 0;
  return std::copysign(from_log_tail(log_among - std::numbers::ln2), z);
}

double quiet_deviation(double trials) {
  if (trials <= 1) return 0;
  constexpr double kMargin = 1e-6;
  return normal_deviation(-std::expm1(std::log1p(-std::exp(kNearlyAlways)) / trials) / 2) - kMargin;
}

double deviation_alone(double deviation, double trials) {
  const double log_among = log_tail(std::min(deviation, kMostDeviations)) + std::numbers::ln2;
  const double log_alone = log_among < -35 ? log_among - std::log(trials)
                                           : std::log(-std::expm1(std::log1p(-std::exp(log_among)) / trials));
  return from_log_tail(log_alone - std::numbers::ln2);
}

}  // namespace revenue::anomaly
