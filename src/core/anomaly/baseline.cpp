#include "core/anomaly/baseline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace revenue::anomaly {
namespace {

constexpr double kMadToSigma = 1.4826;
constexpr double kLeast = 0.02;    // of the usual value: where the logarithm ends
constexpr double kLeastRateSigma = 0.02;  // of the log odds: no rate is steadier than that
constexpr double kMostUnits = 1e9;
constexpr int kRounds = 3;
constexpr std::size_t kFewestSeen = 3;  // times; the median of fewer follows the noise
constexpr std::ptrdiff_t kReach = 10;  // points on either side that a local level is the median of

double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

struct Fit {
  std::vector<double> residual;
  double sigma = 0;
};

// Level by running medians, effects by medians of what it leaves, in turn.
Fit backfit(const std::vector<double>& y, const std::vector<PeriodEffects>& effects, std::size_t effect_count) {
  const auto n = static_cast<std::ptrdiff_t>(y.size());
  std::vector<double> effect(effect_count);
  std::vector<double> level(y.size());
  std::vector<double> adjusted(y.size());
  std::vector<double> window;
  std::vector<std::vector<double>> found(effect_count);
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      adjusted[i] = y[i];
      for (std::size_t e = 0; e < effects[i].count; ++e) adjusted[i] -= effect[effects[i].index[e]];
    }
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      // At the ends the window is cut on both sides alike, so that a trend stays in its middle.
      const std::ptrdiff_t reach = std::max<std::ptrdiff_t>(std::min({kReach, i, n - 1 - i}), std::min<std::ptrdiff_t>(3, n / 3));
      const auto from = adjusted.begin() + std::max<std::ptrdiff_t>(i - reach, 0);
      const auto to = adjusted.begin() + std::min(i + reach + 1, n);
      window.assign(from, to);
      level[static_cast<std::size_t>(i)] = median(window);
    }
    for (std::size_t e = 0; e < effect_count; ++e) found[e].clear();
    for (std::size_t i = 0; i < y.size(); ++i) {
      double rest = y[i] - level[i];
      for (std::size_t e = 0; e < effects[i].count; ++e) rest -= effect[effects[i].index[e]];
      for (std::size_t e = 0; e < effects[i].count; ++e)
        if (e > 0 || !effects[i].special) found[effects[i].index[e]].push_back(rest + effect[effects[i].index[e]]);
    }
    for (std::size_t e = 0; e < effect_count; ++e)
      if (found[e].size() >= kFewestSeen) effect[e] = median(found[e]);
  }
  Fit fit;
  fit.residual.resize(y.size());
  std::vector<double> sizes(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    fit.residual[i] = y[i] - level[i];
    for (std::size_t e = 0; e < effects[i].count; ++e) fit.residual[i] -= effect[effects[i].index[e]];
    sizes[i] = std::fabs(fit.residual[i]);
  }
  double square = 0;
  for (const double size : sizes) square += size * size / static_cast<double>(sizes.size());
  fit.sigma = kMadToSigma * median(sizes);
  // More than half fits exactly, such as the zeros of a metric that seldom moves: there is no middle
  // to tell the noise by.
  constexpr double kTooNarrow = 0.1;
  const double spread = std::sqrt(square);
  if (fit.sigma < kTooNarrow * spread) fit.sigma = spread;
  return fit;
}

double usual_value(const std::vector<Point>& points) {
  std::vector<double> sizes;
  for (const Point& point : points) sizes.push_back(std::fabs(point.value));
  const double usual = median(sizes);
  if (usual > 0) return usual;
  double mean = 0;
  for (const double size : sizes) mean += size / static_cast<double>(sizes.size());
  return mean > 0 ? mean : 1;
}

// What a straight line leaves of values at increasing x. Its slope is the median of the slopes between values half the
// series apart (Theil 1950, incomplete method).
std::vector<double> without_slope(const std::vector<double>& x, const std::vector<double>& y) {
  const std::size_t half = std::max<std::size_t>(y.size() / 2, 1);
  std::vector<double> found;
  for (std::size_t i = 0; i + half < y.size(); ++i)
    if (x[i + half] > x[i]) found.push_back((y[i + half] - y[i]) / (x[i + half] - x[i]));
  const double slope = median(found);
  std::vector<double> left;
  for (std::size_t i = 0; i < y.size(); ++i) left.push_back(y[i] - slope * (x[i] - x.front()));
  return left;
}

// How far the values are from that line: the median.
double spread_about_line(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> apart = without_slope(x, y);
  std::vector<double> sorted = apart;
  const double start = median(sorted);
  for (double& a : apart) a = std::fabs(a - start);
  return median(apart);
}

// What grows by the same amount every day is bent on the logarithm, and its end would be taken for other levels.
bool grows_by_amounts(const std::vector<Point>& points) {
  constexpr std::size_t kFewest = 14;
  constexpr double kMuchStraighter = 0.5;
  std::vector<double> at;
  std::vector<double> plain;
  std::vector<double> logarithm;
  for (const Point& point : points) {
    if (point.value <= 0) continue;
    at.push_back(static_cast<double>(point.period));
    plain.push_back(point.value);
    logarithm.push_back(std::log(point.value));
  }
  if (at.size() < kFewest) return false;
  std::vector<double> values = plain;
  return spread_about_line(at, plain) < kMuchStraighter * median(values) * spread_about_line(at, logarithm);
}

// Business effects multiply, so that the logarithm is the scale of whatever is above 0. A value of
// 0 now and then is an outage; many of them are a metric that is often 0.
Shape::Kind kind_for(const std::vector<Point>& points) {
  constexpr std::size_t kSeldom = 50;  // one in so many
  std::size_t zeros = 0;
  for (const Point& point : points) {
    if (point.value < 0) return Shape::Kind::linear;
    zeros += point.value == 0;
  }
  if (zeros * kSeldom > points.size()) return Shape::Kind::root;
  return grows_by_amounts(points) ? Shape::Kind::linear : Shape::Kind::logarithm;
}

double smallest_step(const std::vector<double>& y) {
  std::vector<double> sorted = y;
  std::sort(sorted.begin(), sorted.end());
  double step = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i] - sorted[i - 1] > 1e-12) step = std::min(step, sorted[i] - sorted[i - 1]);
  return std::isfinite(step) ? step : 0;
}

}  // namespace

double Shape::forward(const Point& point) const {
  // Half a success more and half a failure keep the odds of 0 and of n finite (Haldane 1956).
  return kind == Kind::odds ? forward((point.value * point.n + 0.5) / (point.n + 1)) : forward(point.value);
}

double Shape::forward(double value) const {
  double y = value / level;
  switch (kind) {
    case Kind::logarithm:
      // What falls below nothing is further away than nothing is.
      y = std::log(std::max(y, kLeast)) - std::log1p(std::max(-y, 0.0) / kLeast);
      break;
    case Kind::root:
      y = std::copysign(2 * std::sqrt(std::fabs(y)), y);
      break;
    case Kind::odds:
      y = std::log(value / (1 - value));
      break;
    case Kind::linear:
      break;
  }
  return std::clamp(y, -kMostUnits, kMostUnits);
}

double Shape::inverse(double y) const {
  constexpr double kMost = std::numeric_limits<double>::max();
  double value = y;
  switch (kind) {
    case Kind::logarithm:
      value = std::exp(std::min(y, 700.0));
      break;
    case Kind::root:
      value = y > 0 ? y * y / 4 : 0;
      break;
    case Kind::odds:
      return 1 / (1 + std::exp(-y));
    case Kind::linear:
      break;
  }
  return std::clamp(value * level, -kMost, kMost);
}

double Baseline::deviation_per_spread(const PeriodEffects& effects) {
  constexpr double kHindsight = 0.6;  // at which a year of baselines has about one false alarm
  constexpr double kSpecial = 0.5;
  return kHindsight * (effects.special ? kSpecial : 1);
}

bool enough_for_baseline(std::int64_t first_period, std::int64_t last_period, std::size_t points,
                         const Calendar& calendar, const DetectorOptions& options) {
  return points >= static_cast<std::size_t>(options.minimum_points) &&
         static_cast<double>(last_period - first_period + 1) >= calendar.points_in(options.baseline_days) - 1e-9;
}

Baseline learn_baseline(const std::vector<Point>& points, const Calendar& calendar) {
  // A year shows the months of a coarser series once, which is no median.
  const bool fine = calendar.grain() == Grain::part_of_day || calendar.grain() == Grain::day;
  std::vector<PeriodEffects> effects;
  effects.reserve(points.size());
  for (const Point& point : points) effects.push_back(fine ? calendar.effects_of(point.period) : PeriodEffects{});

  const bool ratio = points.front().n > 0;
  Baseline baseline;
  baseline.shape = ratio ? Shape{Shape::Kind::odds, 1} : Shape{kind_for(points), usual_value(points)};
  std::vector<double> y;
  y.reserve(points.size());
  for (const Point& point : points) y.push_back(baseline.shape.forward(point));
  // Running medians of what rises steadily are the values themselves, and leave no noise.
  std::vector<double> at;
  for (const Point& point : points) at.push_back(static_cast<double>(point.period));
  Fit fit = backfit(without_slope(at, y), effects, calendar.effects());
  constexpr double kLeastSigma = 1e-6;  // of a series that never moves
  baseline.least_sigma = std::max(smallest_step(y) / std::sqrt(12.0), kLeastSigma);
  double variance = fit.sigma * fit.sigma;
  if (ratio) {
    // What drawing so few observations makes is not the rate's own.
    std::vector<double> drawn;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double rate = baseline.shape.inverse(y[i] - fit.residual[i]);
      drawn.push_back(1 / (points[i].n * rate * (1 - rate)));
    }
    baseline.least_sigma = kLeastRateSigma;
    variance -= median(drawn);
  }
  baseline.spread = std::max(fit.sigma, baseline.least_sigma);
  baseline.sigma = std::max(std::sqrt(std::max(variance, 0.0)), baseline.least_sigma);
  for (double& r : fit.residual) r /= baseline.spread;
  baseline.residual = std::move(fit.residual);
  return baseline;
}

}  // namespace revenue::anomaly
