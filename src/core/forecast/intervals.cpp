#include "core/forecast/intervals.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace revenue::forecast {

namespace {

struct Anchor {
  double step;
  std::array<double, 3> multipliers;  // at 0.70, 0.85, 0.95
};
constexpr Anchor kQuarter[] = {{1, {.66, 1.00, 1.66}}, {4, {1.15, 1.79, 2.96}}, {8, {2.00, 3.00, 4.48}}};
constexpr Anchor kMonth[] = {
    {1, {.66, 1.11, 1.70}}, {6, {.88, 1.32, 2.10}}, {12, {1.08, 1.61, 2.49}}, {18, {1.33, 2.03, 3.32}}};

double at_step(std::span<const Anchor> anchors, double step, std::size_t level) {
  std::size_t i = 0;
  while (i + 2 < anchors.size() && step > anchors[i + 1].step) ++i;
  const Anchor& from = anchors[i];
  const Anchor& to = anchors[i + 1];
  const double share = (step - from.step) / (to.step - from.step);
  return from.multipliers[level] + share * (to.multipliers[level] - from.multipliers[level]);
}

}  // namespace

double usual_multiplier(Period period, std::int64_t step, double level) {
  const std::span<const Anchor> anchors =
      period == Period::quarter || period == Period::year ? std::span<const Anchor>(kQuarter) : kMonth;
  const auto h = static_cast<double>(step);
  const double m70 = at_step(anchors, h, 0);
  const double m95 = at_step(anchors, h, 2);
  // Exponential tails through two levels.
  const double rate = (m95 - m70) / std::log(0.30 / 0.05);
  return std::max(0.0, m70 + rate * std::log(0.30 / (1 - level)));
}

double scale_of(std::span<const double> values, std::size_t season) {
  const std::size_t n = values.size();
  const std::size_t lag = n > season + 1 ? season : 1;
  if (n <= lag) return 0;
  double sum = 0;
  for (std::size_t t = lag; t < n; ++t) sum += std::fabs(values[t] - values[t - lag]);
  return sum / static_cast<double>(n - lag);
}

}  // namespace revenue::forecast
