#include "core/anomaly/detector.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/anomaly/binomial.hpp"
#include "core/anomaly/count_tail.hpp"
#include "core/anomaly/normal.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::array kDrifts{0.06, 1.0};  // of the level, sigmas a period
constexpr std::array kFirstWeights{0.9, 0.1};
constexpr double kForget = 0.995;               // what the merits of the filters keep from a period to the next
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

constexpr double kFewCounts = 30;    // below, a count has the probability that it has

constexpr double kSeldom = 0.5;       // share of repeated values from which on a series is one that moves now and then
constexpr double kMoveMemory = 40;    // moves
constexpr double kMostMove = 6;       // of their usual size, in what they teach
constexpr int kHabit = 3;             // times in a row that a weekday is out of line until that is what it is like ...
constexpr int kSpecialHabit = 2;      // ... or the end of a month

constexpr int kFewestEqual = 3;
constexpr int kMostEqual = 14;  // after so many the metric has become one that does not move
constexpr double kRepeatMemory = 120;
constexpr double kUsualRepeats = 0.05;

constexpr double kFewestDue = 4;
constexpr double kReliable = 0.9;   // share of the periods of a weekday with a value from which on one is expected ...
constexpr double kMostGaps = 0.02;  // ... where no more than this share of values has a gap after it

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
      quiet_(quiet_deviation(lookback_points_)),
      next_(points.front().period),
      effects_(calendar.effects_of(next_)),
      sigma_(baseline.sigma),
      least_sigma_(baseline.least_sigma) {
  repeats_.fill(kUsualRepeats);
  class_variance_.fill(1);
  weights_ = kFirstWeights;
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
      for (double* sigmas : {&verdict.deviation, &verdict.surprise})
        *sigmas = std::copysign(std::max(std::fabs(*sigmas), kOutOfLine), baseline.residual[i]);
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

LevelFilter::Prediction Detector::predict() const {
  std::array<LevelFilter::Prediction, kFilters> each;
  LevelFilter::Prediction mixed;
  for (std::size_t f = 0; f < kFilters; ++f) {
    each[f] = filters_[f].predict(effects_);
    mixed.mean += weights_[f] * each[f].mean;
  }
  for (std::size_t f = 0; f < kFilters; ++f) {
    const double apart = each[f].mean - mixed.mean;
    mixed.variance += weights_[f] * (each[f].variance + apart * apart);
  }
  return mixed;
}

// Of separate things no day is steadier than their number allows.
double Detector::noise(double y) const {
  double variance = sigma_ * sigma_ * class_variance_[effects_.weekday];
  if (effects_.special) variance *= class_variance_[kSpecial];
  variance = std::max(variance, least_sigma_ * least_sigma_);
  if (!counts_ || shape_.kind != Shape::Kind::logarithm || sigma_ * sigma_ * shape_.level <= kPoisson) return variance;
  constexpr double kLeastMean = 0.01;
  return std::max(variance, 1 / std::max(shape_.inverse(y), kLeastMean));
}

double Detector::score_of(double deviation) const {
  return std::fabs(deviation) < quiet_ ? 0 : deviation_among(deviation, lookback_points_);
}

// Small counts are skewed, and so are their logarithms: the mean of one; nothing where it is none.
std::optional<double> Detector::skewed_mean(double y, double own_variance) const {
  if (!counts_ || shape_.kind != Shape::Kind::logarithm) return std::nullopt;
  const double mean = shape_.inverse(y);
  if (mean >= kManyCounts || own_variance * mean <= kPoisson) return std::nullopt;
  return mean;
}

std::optional<Detector::FewCounts> Detector::few_counts(double y, double own_variance, double variance) const {
  if (!counts_) return std::nullopt;
  if (shape_.kind == Shape::Kind::logarithm) {
    const double mean = shape_.inverse(y);
    if (mean >= kFewCounts || own_variance * mean <= kPoisson) return std::nullopt;
    return FewCounts{mean, std::max(variance - 1 / mean, 0.0)};
  }
  if (shape_.kind != Shape::Kind::root || own_variance <= kPoisson * std::min(1 / shape_.level, y * y + variance)) return std::nullopt;
  // The mean of a square is more than the square of the mean.
  const double mean = (y * y + variance) * shape_.level / 4;
  if (mean >= kFewCounts) return std::nullopt;
  return FewCounts{mean, std::max(variance * shape_.level - 1, 0.0) / mean};
}

// And is as well expected where it was last as by the calendar.
bool Detector::seldom_moves() const {
  constexpr double kAsWell = 0.5;
  return repeats_[0] > kSeldom && moves_ > 0 && shape_.kind != Shape::Kind::odds &&
         apart_square_ >= kAsWell * (1 - repeats_[0]) * move_square_;
}

// It is seldom enough that it moves at all; how far, has an exponential tail.
double Detector::move_deviation(double move) const {
  if (move == 0) return 0;
  const double sigma = std::sqrt(std::max(move_square_, least_sigma_ * least_sigma_));
  const double tail = (1 - repeats_[0]) / 2 * std::exp(-std::numbers::sqrt2 * std::fabs(move) / sigma);
  return std::copysign(normal_deviation(std::max(tail, 1e-300)), move);
}

double Detector::move_of(double deviation) const {
  const double sigma = std::sqrt(std::max(move_square_, least_sigma_ * least_sigma_));
  const double tail = std::erfc(std::fabs(deviation) / std::numbers::sqrt2);
  return std::copysign(sigma / std::numbers::sqrt2 * std::max(std::log((1 - repeats_[0]) / tail), 0.0), deviation);
}

double Detector::surprise_of(const Point& point, const LevelFilter::Prediction& prediction,
                             double own_variance) const {
  const double variance = prediction.variance + own_variance;
  if (point.n > 0)
    return binomial_deviation(std::round(point.value * point.n), point.n, rate_of(shape_, prediction.mean),
                              std::sqrt(variance));
  if (const std::optional<double> mean = skewed_mean(prediction.mean, own_variance)) {
    const double extra = extra_spread(*mean, own_variance);
    return (std::copysign(stable_count(std::fabs(point.value), extra), point.value) - stable_count(*mean, extra)) *
           std::sqrt(own_variance / variance);
  }
  return (shape_.forward(point.value) - prediction.mean) / std::sqrt(variance);
}

double Detector::value_at(const Verdict& verdict, double deviation, double n) const {
  if (n == 0 && seldom_moves()) return shape_.inverse(last_y_ + move_of(deviation));
  const double own_variance = noise(verdict.expected);
  if (n == 0)
    if (const std::optional<FewCounts> few = few_counts(verdict.expected, own_variance, verdict.sigma * verdict.sigma))
      return count_at(deviation, few->mean, few->extra);
  const std::optional<double> mean = n == 0 ? skewed_mean(verdict.expected, own_variance) : std::nullopt;
  if (mean) {
    const double extra = extra_spread(*mean, own_variance);
    const double stable = stable_count(*mean, extra) + deviation * verdict.sigma / std::sqrt(own_variance);
    const double root = std::sinh(std::clamp(extra * stable / 2, 0.0, 350.0)) / extra;
    return std::max(root * root - 0.375, 0.0);
  }
  return shape_.inverse(verdict.expected + deviation * verdict.sigma);
}

Verdict Detector::judge(const Point& point) const {
  const LevelFilter::Prediction prediction = predict();
  const double own_variance = noise(prediction.mean);
  Verdict verdict;
  verdict.expected = prediction.mean;
  double variance = prediction.variance + own_variance;
  if (point.n > 0) variance += odds_variance(rate_of(shape_, prediction.mean), point.n);
  verdict.sigma = std::sqrt(variance);
  verdict.surprise = surprise_of(point, prediction, own_variance);
  verdict.deviation = verdict.surprise;
  if (point.n == 0) {
    if (seldom_moves()) {
      verdict.expected = last_y_;
      verdict.deviation = move_deviation(shape_.forward(point) - last_y_);
    } else if (const std::optional<FewCounts> few = few_counts(prediction.mean, own_variance, variance)) {
      // No count is below nothing: as unlikely as so many above it.
      verdict.deviation = count_deviation(std::fabs(point.value), few->mean, few->extra);
      if (point.value < 0) verdict.deviation = -std::fabs(verdict.deviation);
    }
  }
  verdict.score = score_of(verdict.deviation);
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
  const double chance = std::max(std::pow(repeats_[point.value == 0], equal_), 1e-300);
  const double run = deviation_among(normal_deviation(chance / 2), lookback_points_);
  if (run > std::fabs(verdict.score)) {
    verdict.kind = Kind::flat;
    verdict.score = std::copysign(run, verdict.deviation);
  }
}

void Detector::learn(const Point& point, const Verdict& verdict) {
  const double y = shape_.forward(point);
  recent_[seen_++ % kRecent] = {point.period, y};
  ++present_[effects_.weekday];
  ++due_[effects_.weekday];
  learn_repeats(point.value, y, verdict.surprise * verdict.sigma);
  in_gap_ = false;
  learn_run(point, verdict.deviation);
  out_of_line_ = (out_of_line_ << 1 | (std::fabs(verdict.deviation) > kOutOfLine)) & ((1U << kWatched) - 1);

  constexpr double kFlat = 2;  // a score from which on equal values are held to be no values
  if (std::max(up_, down_) > kAlarm) {
    accept_shift(verdict);
  } else if (verdict.kind != Kind::flat || std::fabs(verdict.score) < kFlat) {
    learn_noise(verdict.surprise);
    learn_habit(verdict.deviation, y);
    // The ends of months come so seldom that what is out of line there may be what they are like.
    if (effects_.special || std::fabs(verdict.deviation) <= kOutOfLine || is_habit())
      learn_value(point, y);
  }
  advance();
}

void Detector::learn_repeats(double value, double y, double apart) {
  const bool repeats = value == last_value_ && seen_ > 1;
  equal_ = repeats ? equal_ + 1 : 1;
  const std::size_t zero = last_value_ == 0;
  const double rate = 1 / std::min(++repeats_learned_[zero] + 1, kRepeatMemory);
  repeats_[zero] += rate * ((repeats ? 1.0 : 0.0) - repeats_[zero]);
  if (!repeats && seen_ > 1) {
    const double square = (y - last_y_) * (y - last_y_);
    const double most = moves_ > 0 ? kMostMove * kMostMove * move_square_ : square;
    move_square_ += (std::min(square, most) - move_square_) / std::min(++moves_, kMoveMemory);
  }
  if (moves_ > 0) {
    const double square = std::min(apart * apart, kMostMove * kMostMove * move_square_);
    apart_square_ += (square - apart_square_) / std::min(static_cast<double>(seen_), kRepeatMemory);
  }
  last_value_ = value;
  last_y_ = y;
}

bool Detector::is_habit() const {
  return effects_.count > 0 && std::abs(habit_[effects_.last()]) >= (effects_.special ? kSpecialHabit : kHabit);
}

// A weekday that is out of line week after week, or a day of the month, has become another one.
void Detector::learn_habit(double deviation, double y) {
  if (calendar_.grain() != Grain::day || effects_.count == 0) return;
  std::int8_t& run = habit_[effects_.last()];
  const int sign = std::fabs(deviation) <= kOutOfLine ? 0 : deviation > 0 ? 1 : -1;
  run = static_cast<std::int8_t>(run * sign > 0 ? std::clamp(run + sign, -kHabit, kHabit) : sign);
  if (!is_habit()) return;
  for (LevelFilter& filter : filters_) {
    const double apart = y - filter.predict(effects_).mean;
    filter.widen(effects_.last(), apart * apart);
  }
}

void Detector::learn_run(const Point& point, double deviation) {
  const double clipped = std::clamp(deviation, -kClip, kClip);
  if (up_ == 0) up_since_ = point.period;
  if (down_ == 0) down_since_ = point.period;
  up_ = std::max(up_ + clipped - kAllowance, 0.0);
  down_ = std::max(down_ - clipped - kAllowance, 0.0);
}

void Detector::learn_noise(double surprise) {
  double square = std::min(surprise * surprise, kNoiseClip * kNoiseClip) / kClippedSquare;
  if (shape_.kind == Shape::Kind::root || seldom_moves()) square = std::min(surprise * surprise, kRareClip * kRareClip);
  const double rate = 1 / std::min(++learned_ + kNoisePrior, kNoiseMemory);
  sigma_ = std::max(sigma_ * std::exp(rate * (square - 1) / 2), least_sigma_);
  const std::size_t c = effects_.special ? kSpecial : effects_.weekday;
  const double class_rate = 1 / std::min(++class_learned_[c] + kClassPrior, kClassMemory);
  class_variance_[c] = std::clamp(class_variance_[c] * std::exp(class_rate * (square - 1)),
                                  1 / kMostClassVariance, kMostClassVariance);
}

void Detector::learn_value(const Point& point, double y) {
  const double own_variance = noise(predict().mean);
  std::array<double, kFilters> merit{};
  for (std::size_t f = 0; f < kFilters; ++f) {
    const LevelFilter::Prediction prediction = filters_[f].predict(effects_);
    double variance = own_variance;
    double surprise = y - prediction.mean;
    if (point.n > 0) {
      // The log odds of few observations are no straight line; their tangent at the expected rate is.
      const double rate = rate_of(shape_, prediction.mean);
      variance += odds_variance(rate, point.n);
      surprise = (point.value - rate) / (rate * (1 - rate));
    }
    const double sigma = std::sqrt(prediction.variance + variance);
    const double size = std::min(std::fabs(surprise) / sigma, kOutOfLine);
    merit[f] = kForget * std::log(std::max(weights_[f], 1e-6)) - size * size / 2 - std::log(sigma);
    const double most = std::sqrt(kMostSurprise * kMostSurprise * variance + kMostNews * kMostNews * prediction.variance);
    filters_[f].learn(effects_, std::clamp(surprise, -most, most), variance);
  }
  const double best = *std::max_element(merit.begin(), merit.end());
  double sum = 0;
  for (double& m : merit) sum += m = std::exp(m - best);
  for (std::size_t f = 0; f < kFilters; ++f) weights_[f] = merit[f] / sum;
}

void Detector::accept_shift(const Verdict& verdict) {
  const bool up = up_ > down_;
  const std::int64_t since = up ? up_since_ : down_since_;
  shift_ = {since, next_, level(), 0, verdict.score};
  std::array<double, kRecent> moved{};
  for (LevelFilter& filter : filters_) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < std::min(seen_, kRecent); ++i)
      if (recent_[i].period >= since)
        moved[count++] = recent_[i].y - filter.predict(calendar_.effects_of(recent_[i].period)).mean;
    const auto middle = moved.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(moved.begin(), middle, moved.begin() + static_cast<std::ptrdiff_t>(count));
    // A level that ran after the points has come beyond the first of them, which is no way back.
    const double shift = up ? std::max(*middle, 0.0) : std::min(*middle, 0.0);
    const double error = 2 * sigma_ * sigma_ / static_cast<double>(count);
    constexpr double kDoubt = 0.25;  // of the shift: the first days of a new level are seldom its last word
    filter.jump(shift, error + kDoubt * kDoubt * shift * shift);
  }
  shift_.after = level();
  up_ = down_ = 0;
}

void Detector::advance() {
  for (LevelFilter& filter : filters_) filter.advance(sigma_);
  effects_ = calendar_.effects_of(++next_);
}

Verdict Detector::judge_missing() const {
  const LevelFilter::Prediction prediction = predict();
  Verdict verdict;
  verdict.expected = prediction.mean;
  verdict.sigma = std::sqrt(prediction.variance + noise(prediction.mean));
  const double due = due_[effects_.weekday];
  const bool reliable = due >= kFewestDue && present_[effects_.weekday] >= kReliable * due;
  if (reliable && gaps_ <= kMostGaps * static_cast<double>(seen_)) verdict.kind = Kind::missing;
  return verdict;
}

void Detector::learn_missing() {
  if (!in_gap_ && present_[effects_.weekday] > due_[effects_.weekday] / 2) {
    in_gap_ = true;
    ++gaps_;
  }
  ++due_[effects_.weekday];
  advance();
}

}  // namespace revenue::anomaly
