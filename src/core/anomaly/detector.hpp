#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/anomaly/baseline.hpp"
#include "core/anomaly/calendar.hpp"
#include "core/anomaly/level_filter.hpp"

namespace revenue::anomaly {

enum class Kind : std::uint8_t { ordinary, too_few, spike, drop, shift_up, shift_down, missing, flat };

/// What a point is, judged by what came before it.
struct Verdict {
  Kind kind = Kind::ordinary;
  double expected = 0;   ///< on the scale of the shape
  double sigma = 0;      ///< of the value about it, what is not known of it included
  double deviation = 0;  ///< sigmas, of the point alone
  double surprise = 0;   ///< the same on the scale of the shape, which the noise is learned from
  double score = 0;      ///< as deviation_among() the points of 90 days, runs of points included
};

/// An accepted change of the level, on the scale of the shape.
struct Shift {
  std::int64_t first_period = 0;  ///< of the new level
  std::int64_t noticed = 0;       ///< the period in which it was accepted
  double before = 0;
  double after = 0;
  double score = 0;
};

/// Watches a series as it comes in, period by period. What it says of a point depends on earlier
/// points alone, so that a verdict never changes when later points arrive.
///
/// Points are expected from a mixture of two LevelFilters, of which the level of one wanders slowly
/// and that of the other is where the last points were; how well each predicts gives it its weight. A point that is out of line moves
/// neither the expectation nor, much, the noise. Four of them in a row, or a longer run of smaller
/// deviations of one sign (two-sided CUSUM; Page 1954), are a new level, which is then accepted.
class Detector {
 public:
  /// Looking at the points of so many days makes one false alarm as likely as the sensitivity says.
  static constexpr double kLookbackDays = 90;

  /// `points` come before all that is judged, in order; `baseline` is what they show.
  Detector(const std::vector<Point>& points, const Baseline& baseline, const Calendar& calendar, double minimum_n);

  /// The verdict on a point of the period next_period().
  Verdict judge(const Point& point) const;

  /// Takes in a point with its verdict and goes to the next period.
  void learn(const Point& point, const Verdict& verdict);

  /// The verdict on next_period() without a value: Kind::missing where one was to be expected.
  Verdict judge_missing() const;
  void learn_missing();

  std::int64_t next_period() const { return next_; }

  /// Whether half of the last 28 points are out of line: what was known is of no use any more.
  bool lost() const { return std::popcount(out_of_line_) >= kMostOutOfLine; }

  const Shape& shape() const { return shape_; }
  const Shift& last_shift() const { return shift_; }
  double lookback_points() const { return lookback_points_; }

  /// The value of a point of n observations (0: no ratio) that deviates by so many sigmas.
  double value_at(const Verdict& verdict, double deviation, double n) const;

  /// Standard deviation of the noise, level and effects of the calendar, on the scale of the shape.
  double sigma() const { return sigma_; }
  double level() const;
  double effect(std::size_t effect) const;

 private:
  static constexpr std::size_t kFilters = 2;
  static constexpr std::size_t kSpecial = 7;  // the class of noise of days that have another effect
  static constexpr std::size_t kClasses = 8;  // after those of the weekdays
  static constexpr std::size_t kRecent = 16;
  static constexpr int kWatched = 28;  // points
  static constexpr int kMostOutOfLine = kWatched / 2;

  struct Recent {
    std::int64_t period = 0;
    double y = 0;
  };

  LevelFilter::Prediction predict() const;
  double noise(double y) const;
  double score_of(double deviation) const;
  std::optional<double> skewed_mean(double y, double own_variance) const;

  // A few separate things, whose number has that mean and that variance of its logarithm beyond Poisson's.
  struct FewCounts {
    double mean;
    double extra;
  };
  std::optional<FewCounts> few_counts(double y, double own_variance, double variance) const;
  bool seldom_moves() const;
  double move_deviation(double move) const;
  double move_of(double deviation) const;
  double surprise_of(const Point& point, const LevelFilter::Prediction& prediction, double own_variance) const;
  void judge_run(const Point& point, Verdict& verdict) const;
  void learn_run(const Point& point, double deviation);
  void learn_noise(double surprise);
  bool is_habit() const;
  void learn_habit(double deviation, double y);
  void learn_value(const Point& point, double y);
  void learn_repeats(double value, double y, double apart);
  void accept_shift(const Verdict& verdict);
  void advance();

  Calendar calendar_;
  Shape shape_;
  bool counts_ = true;  // nothing but whole numbers in the baseline
  double minimum_n_;
  double lookback_points_;
  double quiet_;  // deviations that score nothing
  std::int64_t next_ = 0;
  PeriodEffects effects_;  // of next_
  std::array<LevelFilter, kFilters> filters_;
  std::array<double, kFilters> weights_{};
  double sigma_ = 0;
  double least_sigma_ = 0;
  double learned_ = 0;                            // points
  std::array<double, kClasses> class_variance_{};  // relative to sigma_^2
  std::array<double, kClasses> class_learned_{};
  double up_ = 0;  // the CUSUMs, and since when they are above 0
  double down_ = 0;
  std::int64_t up_since_ = 0;
  std::int64_t down_since_ = 0;
  std::array<Recent, kRecent> recent_{};
  std::size_t seen_ = 0;
  Shift shift_;
  double last_value_ = 0;
  int equal_ = 1;        // values in a row that are the same
  std::array<double, 2> repeats_{};       // share of values that repeat the one before, where that is not 0 and where it is
  std::array<double, 2> repeats_learned_{};
  double last_y_ = 0;
  double move_square_ = 0;  // of what values move where they do not repeat
  double moves_ = 0;
  double apart_square_ = 0;  // of what values are apart from their expectation
  std::uint32_t out_of_line_ = 0;            // of the last kWatched points
  std::array<std::int8_t, Calendar::kMostEffects> habit_{};  // by effect: days of it out of line in a row, negative below
  std::array<double, 7> present_{};  // by weekday
  std::array<double, 7> due_{};
  double gaps_ = 0;  // runs of periods without a value on weekdays that mostly have one
  bool in_gap_ = false;
};

}  // namespace revenue::anomaly
