#include "core/pipeline/backtest.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/pipeline/stage_model.hpp"

namespace revenue::pipeline {
namespace {

// Stays by when they end, and those that have begun and not ended, while time goes on.
class Past {
 public:
  Past(std::span<const Spell> spells, std::span<const std::int32_t> stages) {
    for (const std::int32_t stage : stages) known_.emplace_back().stage = stage;
    for (const Spell& spell : spells) by_start_.push_back(&spell);
    std::sort(by_start_.begin(), by_start_.end(),
              [](const Spell* a, const Spell* b) { return a->first_day > b->first_day; });
  }

  void advance_to(double day) {
    for (; next_ < by_start_.size() && by_start_[next_]->first_day >= day; ++next_)
      open_.push_back(by_start_[next_]);
    std::erase_if(open_, [&](const Spell* spell) {
      if (!spell->to || spell->last_day() < day) return false;
      StageRecord& record = known_[spell->stage];
      count_days(spell->days, record);
      count_exit(spell->days, *spell->to, record);
      if (spell->won && wins_++ == 0) first_win_ = spell->last_day();
      return true;
    });
    day_ = day;
  }

  std::span<const Spell* const> open() const { return open_; }

  /// Days since the first win.
  double seen() const { return wins_ > 0 ? first_win_ - day_ : 0; }

  StageHistoryResult history() const {
    StageHistoryResult result;
    result.wins = wins_;
    result.stages = known_;
    for (const Spell* spell : open_)
      count_days(spell->first_day - day_, result.stages[spell->stage]);
    for (StageRecord& record : result.stages) record.exposure.resize(kAgeBands.size());
    return result;
  }

 private:
  std::vector<const Spell*> by_start_;
  std::size_t next_ = 0;
  std::vector<const Spell*> open_;
  std::vector<StageRecord> known_;
  std::int64_t wins_ = 0;
  double first_win_ = 0;
  double day_ = 0;
};

}  // namespace

std::array<std::vector<PastForecast>, kHorizons> backtest(std::span<const Spell> spells,
                                                          std::span<const std::int32_t> stages,
                                                          std::span<const MonthEffect> months,
                                                          std::int32_t last_day, Poll poll) {
  std::vector<StageBelief> beliefs;
  for (const std::int32_t stage : stages) beliefs.push_back({stage, "open", 0, 0, 0});
  std::set<std::int32_t> won;
  for (const Spell& spell : spells)
    if (spell.won) won.insert(*spell.to);
  for (const std::int32_t stage : won) beliefs.push_back({stage, "won", 0, 0, 0});

  std::array<std::vector<PastForecast>, kHorizons> past;
  if (std::abs(last_day) > kMostDays - static_cast<std::int32_t>(kPeriod * kPeriods)) return past;
  Past known(spells, stages);
  for (std::size_t period = kPeriods; period >= 1; --period) {
    poll();
    const auto origin = static_cast<double>(period * kPeriod);
    known.advance_to(origin);
    StageModel model{beliefs, known.history()};
    if (model.history.wins == 0) continue;
    model.history.last_day = last_day - static_cast<std::int32_t>(origin);
    const auto& factors = months[period].factors;
    model.history.month_factors.assign(factors.begin(), factors.end());
    const WinClock clock(model, poll, {.last_day = 3 * kPeriod * kHorizons / 2, .believes = false});
    for (std::size_t h = 0; h < kHorizons && h + 1 <= period; ++h) {
      const auto horizon = static_cast<double>((h + 1) * kPeriod);
      // Before one period was seen, the next one's forecast is that of a pipeline still filling up.
      if (known.seen() < horizon) continue;
      PastForecast forecast{0, 0, parameter_dispersion(model.history.wins), 0};
      for (const Spell* spell : known.open()) {
        const double age = std::floor(spell->first_day - origin);
        const double p = clock.win_probability(stages[spell->stage], age, horizon).value();
        forecast.expected += p;
        forecast.variance += p * (1 - p);
        forecast.won += spell->won_on && *spell->won_on >= origin - horizon;
      }
      past[h].push_back(forecast);
    }
  }
  return past;
}

}  // namespace revenue::pipeline
