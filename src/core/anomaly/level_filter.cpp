#include "core/anomaly/level_filter.hpp"

#include <algorithm>

namespace revenue::anomaly {
namespace {

constexpr std::size_t kLevel = 0;
constexpr std::size_t kSlope = 1;
constexpr std::size_t kEffects = 2;

constexpr double kLevelSize = 1;  // prior standard deviations, as shares of the level
constexpr double kSlopeSize = 0.003;
constexpr double kSlopeDrift = 0.02;   // of the drift of the level
constexpr double kEffectDrift = 0.01;  // sigmas a period

// to += factor x from, from the block of column `first` on
template <std::size_t kBlock, class Row>
void add_row(Row& to, double factor, const Row& from, std::size_t states, std::size_t first = 0) {
  for (std::size_t block = first / kBlock * kBlock; block < states; block += kBlock)
    for (std::size_t i = 0; i < kBlock; ++i) to[block + i] += factor * from[block + i];
}

}  // namespace

LevelFilter::LevelFilter(const Calendar& calendar, double first_level, double drift)
    : states_(kEffects + calendar.effects()), drift_(drift) {
  mean_[kLevel] = first_level;
  covariance_[kLevel][kLevel] = kLevelSize * kLevelSize;
  covariance_[kSlope][kSlope] = kSlopeSize * kSlopeSize;
  for (std::size_t e = 0; e < calendar.effects(); ++e) {
    const double size = calendar.usual_size(e);
    covariance_[kEffects + e][kEffects + e] = size * size;
  }
}

LevelFilter::Prediction LevelFilter::predict(const PeriodEffects& effects) const {
  Prediction prediction{mean_[kLevel], covariance_[kLevel][kLevel]};
  for (std::size_t a = 0; a < effects.count; ++a) {
    const std::size_t i = kEffects + effects.index[a];
    prediction.mean += mean_[i];
    prediction.variance += 2 * covariance_[kLevel][i] + covariance_[i][i];
    for (std::size_t b = 0; b < a; ++b) {
      const std::size_t k = kEffects + effects.index[b];
      prediction.variance += 2 * covariance_[std::min(i, k)][std::max(i, k)];
    }
  }
  prediction.variance = std::max(prediction.variance, 0.0);  // rounding may leave less than nothing
  return prediction;
}

void LevelFilter::learn(const PeriodEffects& effects, double surprise, double noise) {
  Row with_value;  // the covariance of every state with the value
  std::copy_n(covariance_[kLevel].begin(), (states_ + kBlock - 1) / kBlock * kBlock, with_value.begin());
  for (std::size_t a = 0; a < effects.count; ++a) {
    const std::size_t e = kEffects + effects.index[a];
    for (std::size_t i = 0; i < e; ++i) with_value[i] += covariance_[i][e];
    for (std::size_t i = e; i < states_; ++i) with_value[i] += covariance_[e][i];
  }
  double variance = noise + with_value[kLevel];
  for (std::size_t a = 0; a < effects.count; ++a) variance += with_value[kEffects + effects.index[a]];
  variance = std::max(variance, noise);
  add_row<kBlock>(mean_, surprise / variance, with_value, states_);
  const double shrinks = -1 / variance;
  for (std::size_t i = 0; i < states_; ++i) add_row<kBlock>(covariance_[i], shrinks * with_value[i], with_value, states_, i);
}

void LevelFilter::advance(double sigma) {
  mean_[kLevel] += mean_[kSlope];
  Row& level = covariance_[kLevel];
  Row& slope = covariance_[kSlope];
  const double both = level[kSlope] + slope[kSlope];
  const double slope_variance = slope[kSlope];
  const double level_variance = level[kLevel] + level[kSlope] + both;
  add_row<kBlock>(level, 1, slope, states_);
  const double level_drift = drift_ * sigma;
  const double slope_drift = kSlopeDrift * level_drift;
  const double effect_drift = kEffectDrift * sigma;
  level[kLevel] = level_variance + level_drift * level_drift;
  level[kSlope] = both;
  slope[kSlope] = slope_variance + slope_drift * slope_drift;
  for (std::size_t i = kEffects; i < states_; ++i) covariance_[i][i] += effect_drift * effect_drift;
}

void LevelFilter::jump(double shift, double variance) {
  mean_[kLevel] += shift;
  covariance_[kLevel][kLevel] += variance;
}

void LevelFilter::widen(std::size_t effect, double variance) {
  covariance_[kEffects + effect][kEffects + effect] += variance;
}

double LevelFilter::effect(std::size_t effect) const { return mean_[kEffects + effect]; }

}  // namespace revenue::anomaly
