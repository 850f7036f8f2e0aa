#include <memory_resource>

#include "core/pipeline/stage_model.hpp"
#include "core/pipeline/total_distribution.hpp"
#include "support.hpp"

namespace revenue::pipeline {
namespace {

// Deals that come in at any time, spend exponential times in two stages and are won or lost from
// both: fitted on what is known at an instant, judged by what followed, again and again.
struct Process {
  double history_days = 700;
  double deals_a_day = 1.3;
  double shock = 0;  ///< sigma of a factor that the odds of all that is decided within 30 days share
};

struct Judged {
  double expected_wins = 0;
  double actual_wins = 0;
  double covered = 0;  ///< share of the totals within the 95 % interval
  double width = 0;    ///< of the interval, over the wins expected
};

Judged judge(const Process& process, int histories) {
  struct Deal {
    double entered;
    double moved;
    double closed;
    bool won;
  };
  const auto instant = [](double day) { return Timestamp{static_cast<std::int64_t>(day * 86400e6)}; };
  std::mt19937_64 random(2026);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> normal(0, 1);
  constexpr double kAfter = 90;
  Judged judged;
  int totals = 0;
  for (int history = 0; history < histories; ++history) {
    const double now = process.history_days;
    std::vector<double> factors;
    for (double day = 0; day < now + kAfter; day += 30)
      factors.push_back(std::exp(process.shock * normal(random)));
    std::vector<Deal> deals;
    for (int i = 0; i < (now + kAfter) * process.deals_a_day; ++i) {
      Deal deal{};
      deal.entered = (now + kAfter) * uniform(random);
      deal.moved = deal.entered - 20 * std::log(uniform(random));
      const bool lost_early = uniform(random) < 0.3;
      deal.closed = lost_early ? deal.moved : deal.moved - 30 * std::log(uniform(random));
      const double odds = deal.closed < now + kAfter ? factors[static_cast<std::size_t>(deal.closed / 30)] : 1;
      deal.won = !lost_early && uniform(random) < odds / (1 + odds);
      deals.push_back(deal);
    }
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
      double expected = 0;
      for (const Deal& deal : deals) {
        if (deal.entered > now || deal.closed <= now) continue;
        const bool second = deal.moved <= now;
        const double age = now - (second ? deal.moved : deal.entered);
        const double p = clock.win_probability(second ? 2 : 1, age, horizon).value();
        total.add(Money{1'000'000}, p, win_dispersion(model, horizon));
        expected += p;
        wins += deal.won && deal.closed <= now + horizon;
      }
      const TotalInterval interval = total.result(no_poll).intervals.at(2);
      judged.covered += interval.lower.value() <= wins && wins <= interval.upper.value();
      judged.width += (interval.upper.value() - interval.lower.value()) / expected;
      judged.expected_wins += expected;
      judged.actual_wins += wins;
      ++totals;
    }
  }
  judged.covered /= totals;
  judged.width /= totals;
  return judged;
}

TEST(Forecast, CoversWhatFollows) {
  const Judged judged = judge({}, 60);
  RecordProperty("covered", std::to_string(judged.covered));
  RecordProperty("width", std::to_string(judged.width));
  EXPECT_GE(judged.covered, 0.93);
  EXPECT_LE(judged.covered, 0.99);
  EXPECT_NEAR(judged.expected_wins / judged.actual_wins, 1, 0.05);
}

TEST(Forecast, CoversWhenPeriodsDiffer) {
  const Judged judged = judge({.shock = 0.8}, 60);
  RecordProperty("covered", std::to_string(judged.covered));
  RecordProperty("width", std::to_string(judged.width));
  EXPECT_GE(judged.covered, 0.92);
}

TEST(Forecast, CoversWhileLittleIsKnown) {
  const Judged judged = judge({.history_days = 100, .shock = 0.8}, 60);
  RecordProperty("covered", std::to_string(judged.covered));
  RecordProperty("width", std::to_string(judged.width));
  EXPECT_GE(judged.covered, 0.92);
}

}  // namespace
}  // namespace revenue::pipeline
