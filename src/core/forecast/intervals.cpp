#include "core/forecast/intervals.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace revenue::forecast {

namespace {

struct Anchor {
  double step;
  double score;
  std::array<double, kLevelCount> multipliers;
};

constexpr Anchor kQuarter[] = {{1, 0.79, {0, 0.64, 0.96, 1.38, 2.08, 3.39}},
                               {2, 0.99, {0, 0.82, 1.21, 1.69, 2.52, 4.19}},
                               {4, 1.46, {0, 1.09, 1.77, 2.62, 3.93, 6.71}},
                               {8, 2.64, {0, 2.23, 3.42, 4.77, 7.21, 11.52}}};
constexpr Anchor kMonth[] = {{1, 0.76, {0, 0.57, 0.92, 1.37, 2.02, 3.23}},
                             {3, 0.96, {0, 0.75, 1.18, 1.74, 2.51, 3.88}},
                             {6, 1.18, {0, 0.90, 1.44, 2.10, 3.08, 4.71}},
                             {12, 1.46, {0, 1.03, 1.72, 2.68, 4.01, 6.88}},
                             {18, 1.85, {0, 1.31, 2.18, 3.27, 5.35, 8.64}}};
constexpr Anchor kYear[] = {{1, 1.27, {0, 1.04, 1.84, 2.67, 3.69, 5.56}},
                            {2, 2.15, {0, 1.67, 2.62, 3.67, 6.58, 9.88}},
                            {4, 3.14, {0, 2.44, 3.84, 6.25, 10.10, 16.10}},
                            {6, 4.90, {0, 3.32, 5.98, 9.98, 15.93, 25.40}}};

// Days and weeks grow uncertain as months do.
std::span<const Anchor> anchors_of(Period period) {
  if (period == Period::year) return kYear;
  if (period == Period::quarter) return kQuarter;
  return kMonth;
}

// Straight between anchors; beyond the last one the power of the step that led to it.
template <class Value>
double at_step(std::span<const Anchor> anchors, double step, Value&& value) {
  const Anchor& last = anchors.back();
  if (step > last.step) {
    const Anchor& before = anchors[anchors.size() - 2];
    const double power = std::log(last.score / before.score) / std::log(last.step / before.step);
    return value(last) * std::pow(step / last.step, std::clamp(power, 0.5, 1.0));
  }
  std::size_t i = 0;
  while (i + 2 < anchors.size() && step > anchors[i + 1].step) ++i;
  const double share = (step - anchors[i].step) / (anchors[i + 1].step - anchors[i].step);
  return value(anchors[i]) + share * (value(anchors[i + 1]) - value(anchors[i]));
}

double mean_difference(std::span<const double> values, std::size_t lag) {
  if (values.size() <= lag) return 0;
  double sum = 0;
  for (std::size_t t = lag; t < values.size(); ++t) sum += std::fabs(values[t] - values[t - lag]);
  return sum / static_cast<double>(values.size() - lag);
}

}  // namespace

double at_level(std::span<const double> values, double level) {
  const auto along = [](double of) { return -std::log1p(-of); };
  std::size_t i = 0;
  while (i + 2 < kLevelCount && level > kLevels[i + 1]) ++i;
  const double share = (along(level) - along(kLevels[i])) / (along(kLevels[i + 1]) - along(kLevels[i]));
  return values[i] + share * (values[i + 1] - values[i]);
}

double usual_multiplier(Period period, std::int64_t step, double level) {
  std::array<double, kLevelCount> values;
  for (std::size_t i = 0; i < kLevelCount; ++i)
    values[i] = at_step(anchors_of(period), static_cast<double>(step), [i](const Anchor& a) { return a.multipliers[i]; });
  return at_level(values, level);
}

double usual_score(Period period, std::int64_t step) {
  return at_step(anchors_of(period), static_cast<double>(step), [](const Anchor& anchor) { return anchor.score; });
}

double seasonal_difference(std::span<const double> values, std::size_t season) {
  return mean_difference(values, values.size() > season + 1 ? season : 1);
}

double base_scale(std::span<const double> values, std::span<const double> fitted, std::size_t season) {
  const std::size_t n = values.size();
  double squares = 0;
  double absolute = 0;
  const std::size_t first = std::min(n / 2, season);
  for (std::size_t t = 0; t < n; ++t) {
    absolute += std::fabs(values[t]) / static_cast<double>(n);
    if (t >= first) squares += (values[t] - fitted[t]) * (values[t] - fitted[t]);
  }
  const double fit = std::sqrt(squares / static_cast<double>(n - first));
  // A perfect fit, or a perfect season, is not believed entirely.
  constexpr double kDoubt = 0.05;
  const double difference = std::max(seasonal_difference(values, season), kDoubt * mean_difference(values, 1));
  const double scale = std::sqrt(difference * std::max(fit, kDoubt * difference));
  constexpr std::size_t kShort = 12;
  constexpr double kAssumed = 0.25;
  return n < kShort ? std::max(scale, kAssumed * absolute / static_cast<double>(n)) : scale;
}

double own_factor(Period period, std::span<const double> scores) {
  if (scores.empty()) return 1;
  double ratio = 0;
  for (std::size_t h = 0; h < scores.size(); ++h)
    ratio += scores[h] / usual_score(period, static_cast<std::int64_t>(h) + 1) / static_cast<double>(scores.size());
  return std::pow(std::clamp(ratio, 0.05, 20.0), 0.25);
}

}  // namespace revenue::forecast
