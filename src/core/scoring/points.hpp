#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace revenue::scoring {

/// Points of a breakdown in steps of 1e-6, so that the parts of a score add up to it exactly, as
/// doubles and as the decimals that JSON shows.
using Micropoints = std::int64_t;

/// Points, 0 or more, rounded down: parts that come to at most 100 never add up to more. The nudge
/// keeps 0.3 from becoming 0.299999.
inline Micropoints micropoints(double points) {
  constexpr double kNudge = 0.01;
  return static_cast<Micropoints>(points * 1e6 + kNudge);
}

inline double points(Micropoints micropoints) {
  return static_cast<double>(micropoints) / 1e6;
}

/// The nearest millionth: what a person reads, without the noise of binary fractions.
inline double nearest_millionth(double value) {
  return std::nearbyint(value * 1e6) / 1e6;
}

/// Where `value` lies between `from` (0) and `to` (1), held there; either end may be the larger. A
/// step where the two are one.
inline double share_between(double value, double from, double to) {
  if (from == to) return value >= to ? 1 : 0;
  return std::clamp((value - from) / (to - from), 0.0, 1.0);
}

/// `each` for each of `count`, up to `cap`.
inline double capped(double each, double count, double cap) {
  return std::min(each * count, cap);
}

/// Adds up the weights of what is known and of all there is.
class Confidence {
 public:
  void add(bool known, double weight) { add(known ? 1.0 : 0.0, weight); }
  void add(double share, double weight) {
    known_ += share * weight;
    all_ += weight;
  }
  /// 0 to 1.
  double value() const {
    return all_ > 0 ? nearest_millionth(std::min(known_ / all_, 1.0)) : 0;
  }

 private:
  double known_ = 0;
  double all_ = 0;
};

}  // namespace revenue::scoring
