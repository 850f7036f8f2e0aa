#include "core/anomaly/binomial.hpp"

#include <algorithm>
#include <cmath>

#include "core/anomaly/normal.hpp"

namespace revenue::anomaly {
namespace {

constexpr double kManyEvents = 100;  // of which the log odds are all but normal

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

}  // namespace

double binomial_deviation(double successes, double trials, double rate, double spread) {
  const double variance = rate * (1 - rate);
  if (trials * variance > kManyEvents) {
    const double odds = std::log((successes + 0.5) / (trials - successes + 0.5));
    return (odds - std::log(rate / (1 - rate))) / std::sqrt(spread * spread + 1 / (trials * variance));
  }
  // The beta distribution of the rate that has this spread.
  const double strength = std::clamp(1 / (variance * spread * spread) - 1, 0.5, 1e9);
  const double a = rate * strength;
  const double b = (1 - rate) * strength;
  const bool many = successes > trials * rate;
  double term = std::exp(std::lgamma(trials + 1) - std::lgamma(successes + 1) - std::lgamma(trials - successes + 1) +
                         log_beta(successes + a, trials - successes + b) - log_beta(a, b));
  double tail = term / 2;
  // Outwards from the count; each term is the one before times a ratio.
  for (double k = successes; many ? k < trials : k > 0; many ? ++k : --k) {
    term *= many ? (trials - k) / (k + 1) * (k + a) / (trials - k - 1 + b)
                 : k / (trials - k + 1) * (trials - k + b) / (k - 1 + a);
    tail += term;
    if (term < 1e-12 * tail) break;
  }
  const double deviation = normal_deviation(std::clamp(tail, 1e-300, 0.5));
  return many ? deviation : -deviation;
}

}  // namespace revenue::anomaly
