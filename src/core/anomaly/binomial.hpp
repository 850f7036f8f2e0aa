#pragma once

#include <cstdint>

namespace revenue::anomaly {

/// How unusual `successes` of `trials` are where the rate is expected to be `rate`, above 0 and
/// below 1, give or take a standard deviation of `spread` of its log odds: the normal deviation
/// that is as seldom as what is at least as far out under a beta-binomial distribution, half of the
/// probability of the count itself included (mid-p, Lancaster 1961), so that few trials never look
/// like much.
double binomial_deviation(double successes, double trials, double rate, double spread);

}  // namespace revenue::anomaly
