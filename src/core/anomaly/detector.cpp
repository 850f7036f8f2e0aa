#include "core/anomaly/detector.hpp"

#include <algorithm>
#include <cmath>

#include "core/anomaly/binomial.hpp"
#include "core/anomaly/normal.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::array kDrifts{0.02, 0.1};  // of the level, sigmas a period
constexpr double kForget = 0.98;                // what the merits of the filters keep from a period to the next
constexpr double kOutOfLine = 3.2;              // sigmas beyond which a point teaches nothing
constexpr double kMostSurprise = 2;  // sigmas of the noise that a point is taken to be off by at most ...
constexpr double kMostNews = 3;      // ... and of what is not known of the expectation

constexpr double kAllowance = 0.75;  // CUSUM: k
constexpr double kAlarm = 9;         // CUSUM: h
constexpr double kClip = 3.25;       // four points in a row bring it to kAlarm, fewer never do

constexpr double kNoiseClip = 2.5;
constexpr double kClippedSquare = 0.97756;  // mean of min(z^2, kNoiseClip^2) for a normal z
constexpr double kRareClip = 6;  // where most values are 0, the few others are the noise
constexpr double kNoiseMemory = 90;         // points
constexpr double kNoisePrior = 30;          // points that the baseline's sigma is worth
constexpr double kClassMemory = 50;
constexpr double kClassPrior = 10;
constexpr double kMostClassVariance = 20;

constexpr double kManyCounts = 300;  // beyond, counts are all but normal
constexpr double kPoisson = 0.7;     // with a smaller share of Poisson's variance it is no count of separate things

constexpr int kFewestEqual = 3;
constexpr int kMostEqual = 14;  // after so many the metric has become one that does not move
constexpr double kRepeatMemory = 120;
constexpr double kUsualRepeats = 0.05;

constexpr double kFewestDue = 4;
constexpr double kReliable = 0.9;  // share of periods with a value from which on one is expected

double odds_variance(double rate, double n) { return 1 / (n * rate * (1 - rate)); }

double rate_of(const Shape& shape, double y) { return std::clamp(shape.inverse(y), 1e-9, 1 - 1e-9); }

// Normal for a negative binomial count of that variance of its logarithm beyond Poisson's (Anscombe
// 1948), with a spread of 1.
double stable_count(double count, double extra) { return 2 / extra * std::asinh(extra * std::sqrt(count + 0.375)); }

double extra_spread(double mean, double own_variance) {
  return std::sqrt(std::max(own_variance - 1 / mean, 1e-6));
}

}  // namespace

Detector::Detector(const std::vector<Point>& points, const Baseline& baseline, const Calendar& calendar,
                   double minimum_n)
    : calendar_(calendar),
      shape_(baseline.shape),
      minimum_n_(minimum_n),
      lookback_points_(std::max(calendar.points_in(kLookbackDays), 1.0)),
      next_(points.front().period),
      sigma_(baseline.sigma),
      least_sigma_(baseline.least_sigma),
      repeats_(kUsualRepeats) {
  class_variance_.fill(1);
  weights_.fill(1.0 / kFilters);
  constexpr std::size_t kFirst = 14;
  std::vector<double> first;
  for (std::size_t i = 0; i < std::min(points.size(), kFirst); ++i) first.push_back(shape_.forward(points[i]));
  const auto middle = first.begin() + static_cast<std::ptrdiff_t>(first.size() / 2);
  std::nth_element(first.begin(), middle, first.end());
  for (std::size_t f = 0; f < kFilters; ++f) filters_[f] = LevelFilter(calendar, *middle, kDrifts[f]);
  for (const Point& point : points) counts_ = counts_ && point.n == 0 && point.value == std::trunc(point.value);

  for (std::size_t i = 0; i < points.size(); ++i) {
    while (next_ < points[i].period) learn_missing();
    Verdict verdict = judge(points[i]);
    if (std::fabs(baseline.residual[i]) > kOutOfLine) {
      verdict.kind = baseline.residual[i] > 0 ? Kind::spike : Kind::drop;
      verdict.deviation = std::copysign(std::max(std::fabs(verdict.deviation), kOutOfLine), baseline.residual[i]);
    }
    learn(points[i], verdict);
  }
}

double Detector::level() const {
  double level = 0;
  for (std::size_t f = 0; f < kFilters; ++f) level += weights_[f] * filters_[f].level();
  return level;
}

double Detector::effect(std::size_t effect) const {
  double mean = 0;
  for (std::size_t f = 0; f < kFilters; ++f) mean += weights_[f] * filters_[f].effect(effect);
  return mean;
}

LevelFilter::Prediction Detector::predict(const PeriodEffects& effects) const {
  std::array<LevelFilter::Prediction, kFilters> each;
  LevelFilter::Prediction mixed;
  for (std::size_t f = 0; f < kFilters; ++f) {
    each[f] = filters_[f].predict(effects);
    mixed.mean += weights_[f] * each[f].mean;
  }
  for (std::size_t f = 0; f < kFilters; ++f) {
    const double apart = each[f].mean - mixed.mean;
    mixed.variance += weights_[f] * (each[f].variance + apart * apart);
  }
  return mixed;
}

double Detector::noise(const PeriodEffects& effects) const {
  double variance = sigma_ * sigma_ * class_variance_[effects.weekday];
  if (effects.special) variance *= class_variance_[kSpecial];
  return std::max(variance, least_sigma_ * least_sigma_);
}

// Small counts are skewed, and so are their logarithms.
bool Detector::skewed_count(double mean, double own_variance) const {
  return counts_ && shape_.kind == Shape::Kind::logarithm && mean < kManyCounts && own_variance * mean > kPoisson;
}

double Detector::deviation_of(const Point& point, const LevelFilter::Prediction& prediction,
                              double own_variance) const {
  const double variance = prediction.variance + own_variance;
  if (point.n > 0)
    return binomial_deviation(std::round(point.value * point.n), point.n, rate_of(shape_, prediction.mean),
                              std::sqrt(variance));
  const double mean = shape_.inverse(prediction.mean);
  if (skewed_count(mean, own_variance)) {
    const double extra = extra_spread(mean, own_variance);
    return (stable_count(std::max(point.value, 0.0), extra) - stable_count(mean, extra)) *
           std::sqrt(own_variance / variance);
  }
  return (shape_.forward(point.value) - prediction.mean) / std::sqrt(variance);
}

double Detector::value_at(const Verdict& verdict, double deviation, double n) const {
  const PeriodEffects effects = calendar_.effects_of(next_);
  const double own_variance = noise(effects);
  const double mean = shape_.inverse(verdict.expected);
  if (n == 0 && skewed_count(mean, own_variance)) {
    const double extra = extra_spread(mean, own_variance);
    const double stable = stable_count(mean, extra) + deviation * verdict.sigma / std::sqrt(own_variance);
    const double root = std::sinh(std::clamp(extra * stable / 2, 0.0, 350.0)) / extra;
    return std::max(root * root - 0.375, 0.0);
  }
  return shape_.inverse(verdict.expected + deviation * verdict.sigma);
}

Verdict Detector::judge(const Point& point) const {
  const PeriodEffects effects = calendar_.effects_of(point.period);
  const LevelFilter::Prediction prediction = predict(effects);
  const double own_variance = noise(effects);
  Verdict verdict;
  verdict.expected = prediction.mean;
  double variance = prediction.variance + own_variance;
  if (point.n > 0) variance += odds_variance(rate_of(shape_, prediction.mean), point.n);
  verdict.sigma = std::sqrt(variance);
  verdict.deviation = deviation_of(point, prediction, own_variance);
  verdict.score = deviation_among(verdict.deviation, lookback_points_);
  if (point.n > 0 && point.n < minimum_n_) verdict.kind = Kind::too_few;
  else if (verdict.score != 0) verdict.kind = verdict.score > 0 ? Kind::spike : Kind::drop;
  judge_run(point, verdict);
  return verdict;
}

// What a run of points that ends with this one makes of it.
void Detector::judge_run(const Point& point, Verdict& verdict) const {
  const double clipped = std::clamp(verdict.deviation, -kClip, kClip);
  const double up = up_ + clipped - kAllowance;
  const double down = down_ - clipped - kAllowance;
  const double highest = std::max(up, down);
  if (highest > kAlarm) {
    // The chance that sums with this allowance ever come so far (Siegmund 1985).
    const double chance = std::exp(-2 * kAllowance * highest);
    const double run = deviation_among(normal_deviation(chance / 2), lookback_points_);
    verdict.kind = up > down ? Kind::shift_up : Kind::shift_down;
    verdict.score = std::copysign(std::max(run, std::fabs(verdict.score)), up > down ? 1.0 : -1.0);
    return;
  }
  if (point.n > 0 || point.value != last_value_ || equal_ + 1 < kFewestEqual || equal_ >= kMostEqual) return;
  const double chance = std::max(std::pow(repeats_, equal_), 1e-300);
  const double run = deviation_among(normal_deviation(chance / 2), lookback_points_);
  if (run > std::fabs(verdict.score)) {
    verdict.kind = Kind::flat;
    verdict.score = std::copysign(run, verdict.deviation);
  }
}

void Detector::learn(const Point& point, const Verdict& verdict) {
  const PeriodEffects effects = calendar_.effects_of(point.period);
  recent_[seen_++ % kRecent] = {point.period, shape_.forward(point)};
  ++present_[effects.weekday];
  ++due_[effects.weekday];
  learn_repeats(point.value);
  learn_run(point, verdict.deviation);

  constexpr double kFlat = 2;  // a score from which on equal values are held to be no values
  if (std::max(up_, down_) > kAlarm) {
    accept_shift(verdict);
  } else if (verdict.kind != Kind::flat || std::fabs(verdict.score) < kFlat) {
    learn_noise(effects, verdict.deviation);
    // The ends of months come so seldom that what is out of line there may be what they are like.
    if (effects.special || std::fabs(verdict.deviation) <= kOutOfLine) learn_value(point, effects);
  }
  advance();
}

void Detector::learn_repeats(double value) {
  const bool repeats = value == last_value_ && seen_ > 1;
  equal_ = repeats ? equal_ + 1 : 1;
  const double rate = 1 / std::min(static_cast<double>(seen_) + 1, kRepeatMemory);
  repeats_ += rate * ((repeats ? 1.0 : 0.0) - repeats_);
  last_value_ = value;
}

void Detector::learn_run(const Point& point, double deviation) {
  const double clipped = std::clamp(deviation, -kClip, kClip);
  if (up_ == 0) up_since_ = point.period;
  if (down_ == 0) down_since_ = point.period;
  up_ = std::max(up_ + clipped - kAllowance, 0.0);
  down_ = std::max(down_ - clipped - kAllowance, 0.0);
}

void Detector::learn_noise(const PeriodEffects& effects, double deviation) {
  double square = std::min(deviation * deviation, kNoiseClip * kNoiseClip) / kClippedSquare;
  if (shape_.kind == Shape::Kind::root) square = std::min(deviation * deviation, kRareClip * kRareClip);
  const double rate = 1 / std::min(++learned_ + kNoisePrior, kNoiseMemory);
  sigma_ = std::max(sigma_ * std::exp(rate * (square - 1) / 2), least_sigma_);
  const std::size_t c = effects.special ? kSpecial : effects.weekday;
  const double class_rate = 1 / std::min(++class_learned_[c] + kClassPrior, kClassMemory);
  class_variance_[c] = std::clamp(class_variance_[c] * std::exp(class_rate * (square - 1)),
                                  1 / kMostClassVariance, kMostClassVariance);
}

void Detector::learn_value(const Point& point, const PeriodEffects& effects) {
  const double own_variance = noise(effects);
  std::array<double, kFilters> merit{};
  for (std::size_t f = 0; f < kFilters; ++f) {
    const LevelFilter::Prediction prediction = filters_[f].predict(effects);
    double variance = own_variance;
    double surprise = shape_.forward(point) - prediction.mean;
    if (point.n > 0) {
      // The log odds of few observations are no straight line; their tangent at the expected rate is.
      const double rate = rate_of(shape_, prediction.mean);
      variance += odds_variance(rate, point.n);
      surprise = (point.value - rate) / (rate * (1 - rate));
    }
    const double sigma = std::sqrt(prediction.variance + variance);
    const double size = std::min(std::fabs(surprise) / sigma, kOutOfLine);
    merit[f] = kForget * std::log(std::max(weights_[f], 1e-6)) - size * size / 2 - std::log(sigma);
    const double most = std::hypot(kMostSurprise * std::sqrt(variance), kMostNews * std::sqrt(prediction.variance));
    filters_[f].learn(effects, std::clamp(surprise, -most, most), variance);
  }
  const double best = *std::max_element(merit.begin(), merit.end());
  double sum = 0;
  for (double& m : merit) sum += m = std::exp(m - best);
  for (std::size_t f = 0; f < kFilters; ++f) weights_[f] = merit[f] / sum;
}

void Detector::accept_shift(const Verdict& verdict) {
  const std::int64_t since = up_ > down_ ? up_since_ : down_since_;
  shift_ = {since, next_, level(), 0, verdict.score};
  std::array<double, kRecent> moved{};
  for (LevelFilter& filter : filters_) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < std::min(seen_, kRecent); ++i)
      if (recent_[i].period >= since)
        moved[count++] = recent_[i].y - filter.predict(calendar_.effects_of(recent_[i].period)).mean;
    const auto middle = moved.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(moved.begin(), middle, moved.begin() + static_cast<std::ptrdiff_t>(count));
    const double shift = *middle;
    const double error = 2 * sigma_ * sigma_ / static_cast<double>(count);
    constexpr double kDoubt = 0.25;  // of the shift: the first days of a new level are seldom its last word
    filter.jump(shift, error + kDoubt * kDoubt * shift * shift);
  }
  shift_.after = level();
  up_ = down_ = 0;
}

void Detector::advance() {
  for (LevelFilter& filter : filters_) filter.advance(sigma_);
  ++next_;
}

Verdict Detector::judge_missing() const {
  const PeriodEffects effects = calendar_.effects_of(next_);
  const LevelFilter::Prediction prediction = predict(effects);
  Verdict verdict;
  verdict.expected = prediction.mean;
  verdict.sigma = std::sqrt(prediction.variance + noise(effects));
  const double due = due_[effects.weekday];
  if (due >= kFewestDue && present_[effects.weekday] >= kReliable * due) verdict.kind = Kind::missing;
  return verdict;
}

void Detector::learn_missing() {
  ++due_[calendar_.effects_of(next_).weekday];
  advance();
}

}  // namespace revenue::anomaly
