#include "core/pipeline/kaplan_meier.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace revenue::pipeline {

std::vector<std::optional<double>> kaplan_meier_quantiles(std::span<const Duration> durations,
                                                          std::span<const double> levels) {
  // Durations of a whole day after those of the one before, the long ones together at the end: sorted
  // are only those of a day, and only until all levels are reached.
  constexpr std::size_t kDays = 1024;
  const auto day_of = [](const Duration& duration) {
    return static_cast<std::size_t>(std::clamp(duration.days, 0.0, kDays - 1.0));
  };
  std::array<std::size_t, kDays + 1> begins{};
  for (const Duration& duration : durations) ++begins[day_of(duration) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<Duration> ordered(durations.size());
  auto next_of = begins;
  for (const Duration& duration : durations) ordered[next_of[day_of(duration)]++] = duration;

  // 1 - level is not exact either: 0.75 of four must be reached by three.
  constexpr double kRounding = 1e-12;
  std::vector<std::optional<double>> quantiles(levels.size());
  std::size_t next = 0;
  double surviving = 1;
  for (std::size_t day = 0; day < kDays && next < levels.size(); ++day) {
    const std::size_t end = begins[day + 1];
    std::sort(ordered.begin() + static_cast<std::ptrdiff_t>(begins[day]),
              ordered.begin() + static_cast<std::ptrdiff_t>(end),
              [](const Duration& a, const Duration& b) { return a.days < b.days; });
    for (std::size_t i = begins[day]; i < end && next < levels.size();) {
      const auto at_risk = static_cast<double>(ordered.size() - i);
      const double days = ordered[i].days;
      double ended = 0;
      for (; i < end && ordered[i].days == days; ++i) ended += ordered[i].ended;
      surviving *= 1 - ended / at_risk;
      while (next < levels.size() && surviving <= 1 - levels[next] + kRounding)
        quantiles[next++] = days;
    }
  }
  return quantiles;
}

}  // namespace revenue::pipeline
