#pragma once

#include <array>
#include <cstddef>

#include "core/anomaly/calendar.hpp"

namespace revenue::anomaly {

/// A dynamic linear model (West & Harrison 1997): level, slope and calendar effects, as the Kalman
/// filter knows them. Its variances say how well each is known, so that the first quarter end ever
/// seen is expected with the doubt that it deserves.
class LevelFilter {
 public:
  LevelFilter() = default;

  /// `drift` is the standard deviation of what the level moves in a period by itself, in those of
  /// the noise.
  LevelFilter(const Calendar& calendar, double first_level, double drift);

  struct Prediction {
    double mean = 0;
    double variance = 0;  ///< of the mean
  };
  Prediction predict(const PeriodEffects& effects) const;

  /// Learns that the value was the predicted mean + `surprise`, where it has the variance `noise`
  /// about the true one.
  void learn(const PeriodEffects& effects, double surprise, double noise);

  /// Goes to the next period, with noise of that standard deviation.
  void advance(double sigma);

  /// The level has jumped by about `shift`, known with that variance.
  void jump(double shift, double variance);

  /// An effect is known no better than to that variance more.
  void widen(std::size_t effect, double variance);

  double level() const { return mean_[0]; }
  double effect(std::size_t effect) const;

 private:
  static constexpr std::size_t kMostStates = 2 + Calendar::kMostEffects;
  // States go in blocks of four, for which the compiler has vector instructions.
  static constexpr std::size_t kBlock = 4;
  static constexpr std::size_t kStride = (kMostStates + kBlock - 1) / kBlock * kBlock;
  using Row = std::array<double, kStride>;

  std::size_t states_ = 0;
  double drift_ = 0;
  Row mean_{};
  std::array<Row, kMostStates> covariance_{};  // on and above the diagonal; what is below it in its blocks is not read
};

}  // namespace revenue::anomaly
