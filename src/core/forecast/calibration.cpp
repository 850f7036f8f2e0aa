#include "core/forecast/calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <tuple>

#include "core/foundation/error.hpp"
#include "core/forecast/intervals.hpp"

namespace revenue::forecast {

namespace {

// Evenly along -log(1 - level), up to 0.998.
constexpr double kStride = 0.27;
double along(double level) { return -std::log1p(-level); }
double grid_level(std::size_t i) { return -std::expm1(-kStride * static_cast<double>(i)); }

// The step under which each series' record stands: that of the origin held back over that of now.
constexpr std::uint32_t kRecord = 255;

constexpr double kUsualSeries = 20;  // that the usual multipliers are worth

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", number);
  return text.data();
}

}  // namespace

double Calibration::multiplier(Period period, std::int64_t step, double level) const {
  const double usual = usual_multiplier(period, step, level);
  const auto found = std::find_if(periods.begin(), periods.end(),
                                  [period](const OfPeriod& of) { return of.period == period; });
  if (found == periods.end() || found->steps.empty()) return usual;
  const auto last = static_cast<std::int64_t>(found->steps.size());
  const std::int64_t seen = std::min(step, last);
  const Step& at = found->steps[static_cast<std::size_t>(seen - 1)];
  const double place = along(level) / kStride;
  const auto below = std::min(static_cast<std::size_t>(place), kGrid - 2);
  const double share = std::min(place - static_cast<double>(below), 1.0);
  double own = at.quantiles[below] + share * (at.quantiles[below + 1] - at.quantiles[below]);
  // Beyond what so many series can tell, and beyond the steps that were seen, the usual shape goes on.
  const auto n = static_cast<double>(at.errors);
  const double told = std::min(n / (n + 1), grid_level(kGrid - 1));
  if (level > told) own *= usual_multiplier(period, seen, level) / usual_multiplier(period, seen, told);
  if (step > last) own *= usual / usual_multiplier(period, seen, level);
  return (n * own + kUsualSeries * usual) / (n + kUsualSeries);
}

void Calibration::serialize(Writer& writer) const {
  writer.put(static_cast<std::uint8_t>(periods.size()));
  for (const OfPeriod& of : periods) {
    writer.put(static_cast<std::uint8_t>(of.period));
    writer.put(static_cast<std::uint8_t>(of.steps.size()));
    for (const Step& step : of.steps) {
      writer.put(step.errors);
      writer.put_all(std::span<const double>(step.quantiles));
    }
  }
}

Calibration Calibration::deserialize(Reader& reader) {
  Calibration calibration;
  const auto count = reader.get<std::uint8_t>();
  for (std::size_t i = 0; i < count; ++i) {
    OfPeriod of;
    const auto period = reader.get<std::uint8_t>();
    if (period > static_cast<std::uint8_t>(Period::year) || (i > 0 && period <= static_cast<std::uint8_t>(calibration.periods.back().period)))
      Reader::malformed();
    of.period = static_cast<Period>(period);
    const auto steps = reader.get<std::uint8_t>();
    for (std::size_t h = 0; h < steps; ++h) {
      Step step;
      step.errors = reader.get<std::int64_t>();
      const std::vector<double> quantiles = reader.get_all<double>(kGrid);
      if (step.errors < 1 || !std::is_sorted(quantiles.begin(), quantiles.end()) ||
          !std::all_of(quantiles.begin(), quantiles.end(), [](double q) { return q >= 0 && std::isfinite(q); }))
        Reader::malformed();
      std::copy(quantiles.begin(), quantiles.end(), step.quantiles);
      of.steps.push_back(step);
    }
    calibration.periods.push_back(std::move(of));
  }
  return calibration;
}

void CalibrationState::add(const SeriesModel& model) {
  if (!model.scores.empty())
    scores_.push_back({static_cast<std::uint32_t>(model.calendar.period), kRecord, model.record_before / model.record});
  for (const auto* scores : {&model.scores, &model.earlier_scores})
    for (std::size_t h = 0; h < scores->size(); ++h)
      scores_.push_back({static_cast<std::uint32_t>(model.calendar.period), static_cast<std::uint32_t>(h), (*scores)[h]});
}

void CalibrationState::merge(const CalibrationState& other) {
  scores_.insert(scores_.end(), other.scores_.begin(), other.scores_.end());
}

void CalibrationState::serialize(Writer& writer) const {
  writer.put(scores_.size());
  writer.put_all(std::span<const Score>(scores_));
}

void CalibrationState::deserialize(Reader& reader) {
  const std::vector<Score> read = reader.get_all<Score>(reader.get<std::size_t>());
  for (const Score& score : read)
    if (score.period > static_cast<std::uint32_t>(Period::year) || score.step > kRecord || !(score.score >= 0) ||
        !std::isfinite(score.score) || (score.step == kRecord && !(score.score > 0)))
      Reader::malformed();
  scores_.assign(read.begin(), read.end());
}

Calibration CalibrationState::result(Poll poll) const {
  std::vector<Score> scores(scores_.begin(), scores_.end());
  polled_sort(scores, poll, [](const Score& a, const Score& b) {
    return std::tie(a.period, a.step, a.score) < std::tie(b.period, b.step, b.score);
  });
  Calibration calibration;
  for (std::size_t begin = 0; begin < scores.size();) {
    poll();
    std::size_t end = begin;
    while (end < scores.size() && scores[end].period == scores[begin].period && scores[end].step == scores[begin].step) ++end;
    const auto period = static_cast<Period>(scores[begin].period);
    if (calibration.periods.empty() || calibration.periods.back().period != period)
      calibration.periods.push_back({period, {}});
    if (scores[begin].step == kRecord) {
      // What all records have in common is no news of any one series: it would count twice.
      double sum = 0;
      for (std::size_t i = begin; i < end; ++i) sum += std::log(scores[i].score);
      const double common = std::exp(sum / static_cast<double>(end - begin));
      for (Calibration::Step& step : calibration.periods.back().steps)
        for (double& quantile : step.quantiles) quantile *= common;
      begin = end;
      continue;
    }
    auto& steps = calibration.periods.back().steps;
    Calibration::Step step;
    step.errors = static_cast<std::int64_t>(end - begin);
    // The smallest score that at least the share of n + 1 series stays within.
    const auto n = static_cast<double>(end - begin);
    for (std::size_t i = 0; i < Calibration::kGrid; ++i) {
      const auto rank = static_cast<std::size_t>(std::clamp(std::ceil((n + 1) * grid_level(i)), 1.0, n));
      step.quantiles[i] = i == 0 ? 0 : scores[begin + rank - 1].score;
      // An error that grows with the step is not believed to shrink again.
      if (!steps.empty() && step.errors >= steps.back().errors)
        step.quantiles[i] = std::max(step.quantiles[i], steps.back().quantiles[i]);
    }
    for (std::size_t i = 1; i < Calibration::kGrid; ++i)
      step.quantiles[i] = std::max(step.quantiles[i], step.quantiles[i - 1]);
    steps.push_back(step);
    begin = end;
  }
  return calibration;
}

double adapted_level(double level, const std::vector<std::int32_t>& covered, double rate) {
  const auto refuse = [](const char* what, const char* hint, double found) {
    throw Error(ErrorCode::invalid_argument, what, hint, "It is " + number_text(found) + ".");
  };
  if (!(level > 0 && level < 1)) refuse("level must be between 0 and 1", "Pass a level such as 0.95.", level);
  if (!(rate >= 0 && rate <= 1)) refuse("rate must be from 0 to 1", "Leave it out for what is usual.", rate);
  constexpr double kLeast = 0.001;
  double now = level;
  for (const std::int32_t mark : covered) {
    if (mark != 0 && mark != 1)
      refuse("covered must be a list of 0 and 1", "Write 1 for a value within its interval, 0 for one outside.", mark);
    now += rate * (level - mark);
  }
  return std::clamp(now, kLeast, 1 - kLeast);
}

}  // namespace revenue::forecast
