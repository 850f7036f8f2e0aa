#include <memory_resource>

#include "core/pipeline/stage_model.hpp"
#include "core/pipeline/total_distribution.hpp"
#include "support.hpp"

namespace revenue::pipeline {
namespace {

// Deals that come in at any time, spend exponential times in two stages and are won or lost from
// both: fitted on what is known at an instant, judged by what followed, again and again.
TEST(Forecast, CoversWhatFollows) {
  struct Deal {
    double entered;
    double moved;
    double closed;
    bool won;
  };
  const auto instant = [](double day) { return Timestamp{static_cast<std::int64_t>(day * 86400e6)}; };
  std::mt19937_64 random(2026);
  std::uniform_real_distribution<double> uniform(0, 1);
  int covered = 0;
  int judged = 0;
  double expected_wins = 0;
  double actual_wins = 0;
  for (int history = 0; history < 60; ++history) {
    std::vector<Deal> deals;
    for (int i = 0; i < 1200; ++i) {
      Deal deal{};
      deal.entered = 900 * uniform(random);
      deal.moved = deal.entered - 20 * std::log(uniform(random));
      const bool lost_early = uniform(random) < 0.3;
      deal.closed = lost_early ? deal.moved : deal.moved - 30 * std::log(uniform(random));
      deal.won = !lost_early && uniform(random) < 0.5;
      deals.push_back(deal);
    }
    const double now = 700;
    StageHistory state(std::pmr::get_default_resource());
    for (std::size_t i = 0; i < deals.size(); ++i) {
      const Deal& deal = deals[i];
      const auto id = static_cast<std::int64_t>(i);
      const auto enter = [&](int stage, const char* kind, double day) {
        if (day <= now) state.add(id, stage, kind, instant(day), std::nullopt, instant(now));
      };
      enter(1, "open", deal.entered);
      if (deal.moved < deal.closed) enter(2, "open", deal.moved);
      enter(deal.won ? 3 : 4, deal.won ? "won" : "lost", deal.closed);
    }
    const StageModel model{{{1, "open", 2, 0.5, 20}, {2, "open", 3, 0.5, 20}, {3, "won", 0, 0, 0}, {4, "lost", 0, 0, 0}},
                           state.result(no_poll)};
    const WinClock clock(model);
    for (const double horizon : {30.0, 60.0, 90.0}) {
      TotalDistribution total(std::pmr::get_default_resource());
      int wins = 0;
      for (const Deal& deal : deals) {
        if (deal.entered > now || deal.closed <= now) continue;
        const bool second = deal.moved <= now;
        const double age = now - (second ? deal.moved : deal.entered);
        const double p = clock.win_probability(second ? 2 : 1, age, horizon).value();
        total.add(Money{1'000'000}, p, win_dispersion(model, horizon));
        expected_wins += p;
        wins += deal.won && deal.closed <= now + horizon;
      }
      const TotalInterval interval = total.result(no_poll).intervals.at(2);
      covered += interval.lower.value() <= wins && wins <= interval.upper.value();
      ++judged;
      actual_wins += wins;
    }
  }
  EXPECT_GE(covered, 0.93 * judged) << "of " << judged;
  EXPECT_NEAR(expected_wins / actual_wins, 1, 0.05);
  RecordProperty("covered", covered);
}

}  // namespace
}  // namespace revenue::pipeline
