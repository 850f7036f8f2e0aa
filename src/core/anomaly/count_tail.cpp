#include "core/anomaly/count_tail.hpp"

#include <algorithm>
#include <cmath>

#include "core/anomaly/normal.hpp"

namespace revenue::anomaly {
namespace {

constexpr double kLeastExtra = 1e-6;  // below it is Poisson
constexpr double kMostTerms = 1e4;

// The probabilities of 0, 1, 2, ... one after the other.
class Counts {
 public:
  Counts(double mean, double extra)
      : size_(extra > kLeastExtra ? 1 / extra : 0), ratio_(size_ > 0 ? mean / (size_ + mean) : mean) {}

  double first() const { return size_ > 0 ? std::exp(size_ * std::log1p(-ratio_)) : std::exp(-ratio_); }
  double after(double k, double probability) const {
    return probability * ratio_ * (size_ > 0 ? size_ + k : 1) / (k + 1);
  }

 private:
  double size_;
  double ratio_;
};

double deviation_below(double tail) { return -normal_deviation(std::clamp(tail, 1e-300, 0.5)); }

}  // namespace

double count_deviation(double count, double mean, double extra) {
  const Counts counts(mean, extra);
  double probability = counts.first();
  double below = 0;
  double k = 0;
  for (; k < count && k < kMostTerms; ++k) {
    below += probability;
    probability = counts.after(k, probability);
  }
  if (below + probability / 2 <= 0.5) return deviation_below(below + probability / 2);
  double above = probability / 2;
  for (; k < kMostTerms && probability > 1e-12 * above; ++k) above += probability = counts.after(k, probability);
  return -deviation_below(above);
}

double count_at(double deviation, double mean, double extra) {
  const Counts counts(mean, extra);
  double probability = counts.first();
  double below = 0;
  const double tail = std::erfc(std::fabs(deviation) / std::sqrt(2.0)) / 2;
  for (double k = 0; k < kMostTerms; ++k) {
    const double before = below + probability / 2;
    if (deviation < 0 && before > tail) return std::max(k - 1, 0.0);
    if (deviation > 0 && 1 - before <= tail) return k;
    below += probability;
    probability = counts.after(k, probability);
  }
  return kMostTerms;
}

}  // namespace revenue::anomaly
