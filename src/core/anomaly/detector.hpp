#pragma once

#include <array>
#include <cstdint>
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
/// and that of the other fast; how well each predicts gives it its weight. A point that is out of line moves
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

  struct Recent {
    std::int64_t period = 0;
    double y = 0;
  };

  LevelFilter::Prediction predict(const PeriodEffects& effects) const;
  double noise(const PeriodEffects& effects) const;
  bool skewed_count(double mean, double own_variance) const;
  double deviation_of(const Point& point, const LevelFilter::Prediction& prediction, double own_variance) const;
  void judge_run(const Point& point, Verdict& verdict) const;
  void learn_run(const Point& point, double deviation);
  void learn_noise(const PeriodEffects& effects, double deviation);
  void learn_value(const Point& point, const PeriodEffects& effects);
  void learn_repeats(double value);
  void accept_shift(const Verdict& verdict);
  void advance();

  Calendar calendar_;
  Shape shape_;
  bool counts_ = true;  // nothing but whole numbers in the baseline
  double minimum_n_;
  double lookback_points_;
  std::int64_t next_ = 0;
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
  double repeats_ = 0;   // share of values that repeat the one before
  std::array<double, 7> present_{};  // by weekday
  std::array<double, 7> due_{};
};

}  // namespace revenue::anomaly
