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

// Added to the step of an error at the earlier of a series' two origins.
constexpr std::uint32_t kEarlier = 256;

constexpr double kUsualSeries = 20;  // that the usual multipliers are worth

using Quantiles = std::array<double, Calibration::kGrid>;

// The errors of one period by step, at the earlier and at the later origin, sorted.
struct Errors {
  std::vector<std::vector<double>> by_step[2];
  double records = 0;  // sum of their logarithms
  double series = 0;
};

// The smallest error that at least the share of n + 1 errors stays within.
Quantiles quantiles_of(std::span<const double> sorted) {
  Quantiles quantiles{};
  const auto n = static_cast<double>(sorted.size());
  for (std::size_t i = 1; i < quantiles.size(); ++i)
    quantiles[i] = sorted[static_cast<std::size_t>(std::clamp(std::ceil((n + 1) * grid_level(i)), 1.0, n)) - 1];
  return quantiles;
}

// Errors grow with the step: where quantiles of later steps are smaller by chance, all of them are their mean (pool
// adjacent violators), which the largest of them would be above.
void grow_with_step(std::vector<Calibration::Step>& steps) {
  for (std::size_t i = 0; i < Calibration::kGrid; ++i) {
    struct Block {
      double sum, weight;
      std::size_t steps;
    };
    std::vector<Block> blocks;
    for (const Calibration::Step& step : steps) {
      const auto weight = static_cast<double>(step.errors);
      blocks.push_back({weight * step.quantiles[i], weight, 1});
      while (blocks.size() > 1) {
        Block& last = blocks.back();
        Block& before = blocks[blocks.size() - 2];
        if (before.sum * last.weight <= last.sum * before.weight) break;
        before = {before.sum + last.sum, before.weight + last.weight, before.steps + last.steps};
        blocks.pop_back();
      }
    }
    std::size_t at = 0;
    for (const Block& block : blocks)
      for (std::size_t k = 0; k < block.steps; ++k) steps[at++].quantiles[i] = block.sum / block.weight;
  }
  for (Calibration::Step& step : steps)
    for (std::size_t i = 1; i < Calibration::kGrid; ++i) step.quantiles[i] = std::max(step.quantiles[i], step.quantiles[i - 1]);
}

// The own quantiles drawn towards the usual ones, geometrically: all of them count `believed`.
void draw_to_usual(std::vector<Calibration::Step>& steps, Period period, double believed) {
  if (believed == 1) return;
  for (std::size_t h = 0; h < steps.size(); ++h)
    for (std::size_t i = 1; i < Calibration::kGrid; ++i) {
      double& own = steps[h].quantiles[i];
      const double usual = usual_multiplier(period, static_cast<std::int64_t>(h) + 1, grid_level(i));
      own = believed == 0 ? usual : own > 0 ? std::pow(own, believed) * std::pow(usual, 1 - believed) : 0;
    }
}

std::vector<Calibration::Step> steps_of(const std::vector<std::vector<double>>& errors) {
  std::vector<Calibration::Step> steps;
  for (const std::vector<double>& sorted : errors) {
    if (sorted.empty()) break;
    Calibration::Step& step = steps.emplace_back();
    step.errors = static_cast<std::int64_t>(sorted.size());
    std::ranges::copy(quantiles_of(sorted), step.quantiles);
  }
  grow_with_step(steps);
  return steps;
}

// The interval scores (Gneiting & Raftery 2007) of such quantiles for other errors.
double loss_of(const std::vector<Calibration::Step>& steps, Period period, const std::vector<std::vector<double>>& errors, Poll poll) {
  const Calibration calibration{{{period, steps}}};
  double loss = 0;
  for (std::size_t h = 0; h < std::min(steps.size(), errors.size()); ++h)
    for (const double level : {0.5, 0.7, 0.85, 0.95}) {
      poll();
      const auto step = static_cast<std::int64_t>(h) + 1;
      const double half = calibration.multiplier(period, step, level);
      double sum = 0;
      for (const double error : errors[h]) sum += half + std::max(error - half, 0.0) / (1 - level);
      loss += sum / usual_score(period, step);
    }
  return loss;
}

// How far the own quantiles are believed: as far as those of each origin would have done best at the other, and not at
// all where that is no better than the usual ones. Where there are few errors the usual ones count anyway.
double believed_of(const Errors& errors, Period period, Poll poll) {
  constexpr std::size_t kFewest = 10;
  for (const auto& by_step : errors.by_step)
    if (by_step.empty() || by_step.front().size() < kFewest) return 1;
  double best = 1;
  double least = 0;
  for (const double believed : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    double loss = 0;
    for (const int known : {0, 1}) {
      std::vector<Calibration::Step> steps = steps_of(errors.by_step[known]);
      draw_to_usual(steps, period, believed);
      loss += loss_of(steps, period, errors.by_step[1 - known], poll);
    }
    if (believed == 0) best = 0, least = loss;
    else if (loss < least) best = believed, least = loss;
  }
  return best;
}

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
      scores_.push_back({static_cast<std::uint32_t>(model.calendar.period),
                         static_cast<std::uint32_t>(h) + (scores == &model.scores ? 0 : kEarlier), (*scores)[h]});
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
    if (score.period > static_cast<std::uint32_t>(Period::year) || score.step % kEarlier > kRecord ||
        score.step / kEarlier > 1 || score.step == kRecord + kEarlier || !(score.score >= 0) ||
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
    Errors errors;
    std::size_t end = begin;
    for (; end < scores.size() && scores[end].period == scores[begin].period; ++end) {
      if (end % 4096 == 0) poll();
      const Score& score = scores[end];
      if (score.step == kRecord) {
        errors.records += std::log(score.score);
        errors.series += 1;
        continue;
      }
      auto& by_step = errors.by_step[score.step / kEarlier];
      by_step.resize(std::max<std::size_t>(by_step.size(), score.step % kEarlier + 1));
      by_step[score.step % kEarlier].push_back(score.score);
    }
    const auto period = static_cast<Period>(scores[begin].period);
    begin = end;
    const double believed = believed_of(errors, period, poll);
    std::vector<std::vector<double>> all = errors.by_step[0];
    all.resize(std::max(all.size(), errors.by_step[1].size()));
    for (std::size_t h = 0; h < errors.by_step[1].size(); ++h) {
      poll();
      const auto middle = static_cast<std::ptrdiff_t>(all[h].size());
      all[h].insert(all[h].end(), errors.by_step[1][h].begin(), errors.by_step[1][h].end());
      std::inplace_merge(all[h].begin(), all[h].begin() + middle, all[h].end());
    }
    std::vector<Calibration::Step> steps = steps_of(all);
    if (steps.empty()) continue;
    // What all records have in common is no news of any one series: it would count twice.
    const double common = errors.series > 0 ? std::exp(errors.records / errors.series) : 1;
    for (Calibration::Step& step : steps)
      for (double& quantile : step.quantiles) quantile *= common;
    draw_to_usual(steps, period, believed);
    calibration.periods.push_back({period, std::move(steps)});
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
