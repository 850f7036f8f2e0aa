#include "core/pipeline/kaplan_meier.hpp"

#include <algorithm>

namespace revenue::pipeline {

std::vector<std::optional<double>> kaplan_meier_quantiles(std::span<Duration> durations,
                                                          std::span<const double> levels) {
  std::sort(durations.begin(), durations.end(),
            [](const Duration& a, const Duration& b) { return a.days < b.days; });
  // 1 - level is not exact either: 0.75 of four must be reached by three.
  constexpr double kRounding = 1e-12;
  std::vector<std::optional<double>> quantiles(levels.size());
  std::size_t next = 0;
  double surviving = 1;
  for (std::size_t i = 0; i < durations.size() && next < levels.size();) {
    const auto at_risk = static_cast<double>(durations.size() - i);
    const double days = durations[i].days;
    double ended = 0;
    for (; i < durations.size() && durations[i].days == days; ++i) ended += durations[i].ended;
    surviving *= 1 - ended / at_risk;
    while (next < levels.size() && surviving <= 1 - levels[next] + kRounding)
      quantiles[next++] = days;
  }
  return quantiles;
}

}  // namespace revenue::pipeline
