#pragma once

namespace revenue::anomaly {

/// Counts of separate things, each as rare as it is: Poisson, or where `extra`, the variance of the
/// logarithm of the mean, is above 0, negative binomial. Both are as seldom as a normal deviation is,
/// half of the probability of the count itself included (mid-p, Lancaster 1961), so that a 0 where 3 are usual is
/// what it is: one in twenty.
double count_deviation(double count, double mean, double extra);

/// The count at which count_deviation() reaches `deviation` going away from the mean; 0 where none does.
double count_at(double deviation, double mean, double extra);

}  // namespace revenue::anomaly
