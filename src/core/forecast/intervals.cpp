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

constexpr Anchor kQuarter[] = {{1, 0.71, {0, 0.55, 0.84, 1.26, 1.91, 3.26}},
                               {2, 0.83, {0, 0.65, 1.00, 1.42, 2.19, 3.91}},
                               {4, 1.14, {0, 0.81, 1.32, 2.02, 3.16, 5.18}},
                               {8, 1.95, {0, 1.48, 2.31, 3.24, 5.08, 10.28}}};
constexpr Anchor kMonth[] = {{1, 0.70, {0, 0.51, 0.84, 1.30, 1.93, 3.19}},
                             {3, 0.86, {0, 0.64, 1.04, 1.60, 2.33, 3.56}},
                             {6, 1.00, {0, 0.77, 1.22, 1.79, 2.67, 4.58}},
                             {12, 1.22, {0, 0.89, 1.45, 2.19, 3.36, 5.61}},
                             {18, 1.58, {0, 1.17, 1.90, 2.81, 4.22, 7.36}}};
constexpr Anchor kYear[] = {{1, 1.28, {0, 0.97, 1.56, 2.34, 3.48, 5.30}},
                            {2, 1.85, {0, 1.38, 2.29, 3.26, 5.06, 8.21}},
                            {4, 2.78, {0, 2.06, 3.26, 5.07, 7.68, 12.29}},
                            {6, 3.84, {0, 2.64, 4.32, 7.08, 11.37, 18.19}}};

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

// Errors are rather a share of the level than an amount: how the scale of errors that were gathered around the level
// `then` is for the level of the last season.
double grown_scale(std::span<const double> values, std::size_t season, double then) {
  constexpr double kBelieved = 0.4;
  constexpr double kUsual = 1.08;  // in the series that the multipliers come from
  constexpr std::size_t kFewest = 4;
  const std::size_t late = std::min(values.size(), std::max(season, kFewest));
  double now = 0;
  for (const double value : values.last(late)) now += value / static_cast<double>(late);
  return std::pow(std::clamp(now / then / kUsual, 0.25, 4.0), kBelieved);
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
  constexpr double kHalfLife = 0.35;  // of the length
  constexpr double kDifference = 0.6;
  constexpr double kDoubt = 0.05;
  const std::size_t n = values.size();
  const std::size_t lag = n > season + 1 ? season : 1;
  const std::size_t first = std::min(n / 2, season);
  const double older = std::exp2(-1 / std::max(kHalfLife * static_cast<double>(n), 8.0));
  double squares = 0, square_weight = 0;
  double differences = 0, difference_weight = 0;
  double absolute = 0;
  double sizes = 0, size_weight = 0;
  for (std::size_t t = 0; t < n; ++t) {
    sizes *= older, size_weight *= older;
    if (t >= lag) sizes += values[t], size_weight += 1;
    absolute += std::fabs(values[t]) / static_cast<double>(n);
    squares *= older, square_weight *= older;
    differences *= older, difference_weight *= older;
    if (t >= first) squares += (values[t] - fitted[t]) * (values[t] - fitted[t]), square_weight += 1;
    if (t >= lag) differences += std::fabs(values[t] - values[t - lag]), difference_weight += 1;
  }
  // A perfect fit, or a perfect season, is not believed entirely.
  const double difference = std::max(difference_weight > 0 ? differences / difference_weight : 0.0,
                                     kDoubt * mean_difference(values, 1));
  const double fit = std::max(std::sqrt(squares / square_weight), kDoubt * difference);
  const double usual = difference > 0 ? fit * std::pow(difference / fit, kDifference) : 0;
  // Seasons seen seldom are less certain than the fit makes them look; 1 at the length the multipliers come from.
  const double seldom = season < 2 ? 1 : std::sqrt((1 + 0.5 * static_cast<double>(season) / static_cast<double>(n)) / 1.05);
  constexpr std::size_t kShort = 12;
  constexpr double kAssumed = 0.25;
  const bool positive = size_weight > 0 && *std::min_element(values.begin(), values.end()) > 0;
  const double scale = usual * seldom * (positive ? grown_scale(values, season, sizes / size_weight) : 1);
  return n < kShort ? std::max(scale, kAssumed * absolute / static_cast<double>(n)) : scale;
}

double level_growth(std::int64_t step, double alpha) {
  constexpr double kUsualAlpha = 0.4;
  constexpr double kBelieved = 0.4;
  const auto more = static_cast<double>(step - 1);
  return std::pow((1 + more * alpha * alpha) / (1 + more * kUsualAlpha * kUsualAlpha), kBelieved / 2);
}

double drift_of(std::span<const double> values, std::size_t season) {
  constexpr double kLeast = 0.5;
  constexpr double kMost = 3.3;
  if (season < 2 || values.size() <= season + 1) return kUsualDrift;
  const double before = mean_difference(values, 1);
  return before > 0 ? std::clamp(mean_difference(values, season) / before, kLeast, kMost) : kUsualDrift;
}

double drift_growth(std::int64_t step, double drift) {
  // By least squares on the logarithms of errors at steps 1 to 8 and 1 to 18: -0.56 and 0.27 on M3, -0.40 and 0.13 on
  // M1; half of what both have in common, which scores better on either than nothing and than all.
  constexpr double kFirst = -0.24;
  constexpr double kGrowth = 0.10;
  return std::exp(std::log(drift / kUsualDrift) * (kFirst + kGrowth * std::log(static_cast<double>(step))));
}

double own_factor(Period period, std::span<const double> scores) {
  if (scores.empty()) return 1;
  double ratio = 0;
  for (std::size_t h = 0; h < scores.size(); ++h)
    ratio += scores[h] / usual_score(period, static_cast<std::int64_t>(h) + 1) / static_cast<double>(scores.size());
  return std::pow(std::clamp(ratio, 0.05, 20.0), 0.1);
}

}  // namespace revenue::forecast
