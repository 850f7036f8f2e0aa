#include "core/anomaly/level_filter.hpp"

#include <algorithm>

namespace revenue::anomaly {
namespace {

constexpr std::size_t kLevel = 0;
constexpr std::size_t kSlope = 1;
constexpr std::size_t kEffects = 2;

constexpr double kLevelSize = 1;  // prior standard deviations, as shares of the level
constexpr double kSlopeSize = 0.003;
constexpr double kDamping = 0.99;      // a trend does not go on for ever
constexpr double kSlopeDrift = 0.02;   // of the drift of the level
constexpr double kEffectDrift = 0.01;  // sigmas a period

// to += factor x from
template <std::size_t kBlock, class Row>
void add_row(Row& to, double factor, const Row& from, std::size_t states) {
  for (std::size_t first = 0; first < states; first += kBlock)
    for (std::size_t i = 0; i < kBlock; ++i) to[first + i] += factor * from[first + i];
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
    const Row& row = covariance_[i];
    prediction.mean += mean_[i];
    prediction.variance += 2 * row[kLevel] + row[i];
    for (std::size_t b = 0; b < a; ++b) prediction.variance += 2 * row[kEffects + effects.index[b]];
  }
  prediction.variance = std::max(prediction.variance, 0.0);  // rounding may leave less than nothing
  return prediction;
}

void LevelFilter::learn(const PeriodEffects& effects, double surprise, double noise) {
  Row with_value = covariance_[kLevel];  // the covariance of every state with the value
  for (std::size_t a = 0; a < effects.count; ++a)
    add_row<kBlock>(with_value, 1, covariance_[kEffects + effects.index[a]], states_);
  double variance = noise + with_value[kLevel];
  for (std::size_t a = 0; a < effects.count; ++a) variance += with_value[kEffects + effects.index[a]];
  variance = std::max(variance, noise);
  add_row<kBlock>(mean_, surprise / variance, with_value, states_);
  for (std::size_t i = 0; i < states_; ++i)
    add_row<kBlock>(covariance_[i], -with_value[i] / variance, with_value, states_);
}

void LevelFilter::advance(double sigma) {
  mean_[kLevel] += mean_[kSlope];
  mean_[kSlope] *= kDamping;
  add_row<kBlock>(covariance_[kLevel], 1, covariance_[kSlope], states_);
  for (std::size_t i = 0; i < states_; ++i) {
    Row& row = covariance_[i];
    row[kLevel] += row[kSlope];
    row[kSlope] *= kDamping;
  }
  add_row<kBlock>(covariance_[kSlope], kDamping - 1, Row(covariance_[kSlope]), states_);
  const double level_drift = drift_ * sigma;
  const double slope_drift = kSlopeDrift * level_drift;
  const double effect_drift = kEffectDrift * sigma;
  covariance_[kLevel][kLevel] += level_drift * level_drift;
  covariance_[kSlope][kSlope] += slope_drift * slope_drift;
  for (std::size_t i = kEffects; i < states_; ++i) covariance_[i][i] += effect_drift * effect_drift;
}

void LevelFilter::jump(double shift, double variance) {
  mean_[kLevel] += shift;
  covariance_[kLevel][kLevel] += variance;
}

double LevelFilter::effect(std::size_t effect) const { return mean_[kEffects + effect]; }

}  // namespace revenue::anomaly
