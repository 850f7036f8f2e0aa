#pragma once

#include <optional>
#include <span>
#include <vector>

namespace revenue::pipeline {

/// How long something lasted, and whether it was seen to end.
struct Duration {
  double days = 0;
  bool ended = false;
};

/// The smallest times by which the shares of `levels` have ended, those still going on counted as
/// at risk until they were last seen (Kaplan & Meier 1958). Nothing for a level that the data do
/// not reach. `levels` rise and lie between 0 and 1.
std::vector<std::optional<double>> kaplan_meier_quantiles(std::span<const Duration> durations,
                                                          std::span<const double> levels);

}  // namespace revenue::pipeline
