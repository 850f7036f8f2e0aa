#include "core/scoring/quality.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/scoring/arguments.hpp"

namespace revenue::scoring {
namespace {

constexpr double kClip = 1e-15;

std::size_t bin_of(double p, std::size_t bins) {
  return std::min(static_cast<std::size_t>(p * static_cast<double>(bins)), bins - 1);
}

// The chance that a won deal was given more than a lost one; within a bin they count as tied.
double binned_auc(std::span<const std::int64_t> won, std::span<const std::int64_t> lost,
                  double all_won, double all_lost) {
  double below = 0;
  double ordered = 0;
  for (std::size_t i = 0; i < won.size(); ++i) {
    const auto lost_here = static_cast<double>(lost[i]);
    ordered += static_cast<double>(won[i]) * (below + lost_here / 2);
    below += lost_here;
  }
  return ordered / (all_won * all_lost);
}

}  // namespace

void ScoreQuality::add(double p, bool outcome) {
  require_probability("p", p);
  const double error = p - (outcome ? 1 : 0);
  log_loss_ -= std::log(std::clamp(outcome ? p : 1 - p, kClip, 1 - kClip));
  squared_error_ += error * error;
  const std::size_t bin = bin_of(p, kBins);
  predicted_[bin] += p;
  ++(outcome ? won_ : lost_)[bin];
}

void ScoreQuality::merge(const ScoreQuality& other) {
  log_loss_ += other.log_loss_;
  squared_error_ += other.squared_error_;
  for (std::size_t i = 0; i < kBins; ++i) {
    predicted_[i] += other.predicted_[i];
    won_[i] += other.won_[i];
    lost_[i] += other.lost_[i];
  }
}

ScoreQualityResult ScoreQuality::result() const {
  ScoreQualityResult result;
  const std::int64_t won = std::accumulate(won_.begin(), won_.end(), std::int64_t{0});
  const std::int64_t lost = std::accumulate(lost_.begin(), lost_.end(), std::int64_t{0});
  result.n = won + lost;
  if (result.n == 0) return result;

  const auto n = static_cast<double>(result.n);
  result.log_loss = log_loss_ / n;
  result.brier = squared_error_ / n;
  result.mean_predicted = std::accumulate(predicted_.begin(), predicted_.end(), 0.0) / n;
  result.win_rate = static_cast<double>(won) / n;
  if (won > 0 && lost > 0)
    result.binned_auc =
        binned_auc(won_, lost_, static_cast<double>(won), static_cast<double>(lost));

  double calibration_error = 0;
  constexpr std::size_t kPerRow = kBins / kCalibrationBins;
  for (std::size_t row = 0; row < kCalibrationBins; ++row) {
    const auto first = static_cast<std::ptrdiff_t>(row * kPerRow);
    const auto last = static_cast<std::ptrdiff_t>((row + 1) * kPerRow);
    const auto sum = [first, last](const auto& cells) {
      using Cell = typename std::decay_t<decltype(cells)>::value_type;
      return std::accumulate(cells.begin() + first, cells.begin() + last, Cell{0});
    };
    const std::int64_t won_here = sum(won_);
    const std::int64_t here = won_here + sum(lost_);
    if (here == 0) continue;
    const auto weight = static_cast<double>(here);
    const CalibrationBin bin{static_cast<std::int32_t>(row + 1), here, sum(predicted_) / weight,
                             static_cast<double>(won_here) / weight};
    calibration_error += weight / n * std::fabs(bin.mean_predicted - bin.observed);
    result.calibration.push_back(bin);
  }
  result.calibration_error = calibration_error;
  return result;
}

void ScoreQuality::serialize(Writer& writer) const {
  writer.put(log_loss_);
  writer.put(squared_error_);
  writer.put(predicted_);
  writer.put(won_);
  writer.put(lost_);
}

void ScoreQuality::deserialize(Reader& reader) {
  log_loss_ = reader.get<decltype(log_loss_)>();
  squared_error_ = reader.get<decltype(squared_error_)>();
  predicted_ = reader.get<decltype(predicted_)>();
  won_ = reader.get<decltype(won_)>();
  lost_ = reader.get<decltype(lost_)>();

  // Far above any table's rows, far below where sums of counts overflow.
  constexpr std::int64_t kMostRows = std::int64_t{1} << 48;
  const auto count_fits = [](std::int64_t n) { return n >= 0 && n <= kMostRows; };
  const auto sum_fits = [](double sum) { return sum >= 0 && std::isfinite(sum); };
  if (!sum_fits(log_loss_) || !sum_fits(squared_error_) ||
      !std::all_of(predicted_.begin(), predicted_.end(), sum_fits) ||
      !std::all_of(won_.begin(), won_.end(), count_fits) ||
      !std::all_of(lost_.begin(), lost_.end(), count_fits))
    Reader::malformed();
}

}  // namespace revenue::scoring
