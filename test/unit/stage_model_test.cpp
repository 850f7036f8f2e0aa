#include "core/pipeline/stage_model.hpp"

#include <chrono>
#include <memory_resource>

#include "core/pipeline/age_bands.hpp"
#include "core/pipeline/common_factor.hpp"
#include "support.hpp"

namespace revenue::pipeline {
namespace {

using test::expect_invalid;

constexpr Timestamp kEnd{0};

Timestamp days_before_end(double days) { return {static_cast<std::int64_t>(-days * 86400e6)}; }

StageHistoryResult history_of(std::span<const std::tuple<std::int64_t, int, const char*, double>> entries) {
  StageHistory state(std::pmr::get_default_resource());
  for (const auto& [deal, stage, kind, before] : entries)
    state.add(deal, stage == 0 ? std::nullopt : std::optional(stage), kind, days_before_end(before), std::nullopt, kEnd);
  return state.result(no_poll);
}

// cold, awareness, consideration, decision, call booked, closed.
std::vector<StageBelief> contact_funnel() {
  return {{1, "open", 2, 0.30, 7},  {2, "open", 3, 0.15, 14}, {3, "open", 4, 0.25, 21},
          {4, "open", 5, 0.40, 10}, {5, "open", 6, 0.35, 5},  {6, "won", 0, 0, 0}};
}

TEST(WinClock, BeliefsAreDeterministicTimes) {
  const WinClock clock({contact_funnel(), {}});
  // 10 + 5 days at 0.40 x 0.35, and 36 days at 0.25 of that.
  EXPECT_DOUBLE_EQ(clock.win_probability(4, 0, 30).value(), 0.14);
  EXPECT_EQ(clock.win_probability(4, 0, 14), 0.0);
  EXPECT_DOUBLE_EQ(clock.win_probability(4, 0, 15).value(), 0.14);
  EXPECT_EQ(clock.win_probability(3, 0, 30), 0.0);
  EXPECT_DOUBLE_EQ(clock.win_probability(3, 0, 36).value(), 0.035);
  EXPECT_DOUBLE_EQ(clock.win_probability(3, 6, 30).value(), 0.035);
  // 57 days: in no figure before.
  EXPECT_EQ(clock.win_probability(1, 0, 56), 0.0);
  EXPECT_DOUBLE_EQ(clock.win_probability(1, 0, 57).value(), 0.3 * 0.15 * 0.035);
  EXPECT_DOUBLE_EQ(clock.days_to_win(1, 0).value(), 57);
  // One that is overdue goes on today.
  EXPECT_DOUBLE_EQ(clock.win_probability(5, 400, 0).value(), 0.35);
}

TEST(WinClock, UnknownsAndErrors) {
  const WinClock clock({contact_funnel(), {}});
  EXPECT_EQ(clock.win_probability(6, 0, 30), std::nullopt);
  EXPECT_EQ(clock.win_probability(99, 0, 30), std::nullopt);
  EXPECT_EQ(clock.win_probability(4, std::nullopt, 30), std::nullopt);
  EXPECT_EQ(clock.days_to_win(99, 0), std::nullopt);
  expect_invalid("days_in_stage", [&] { clock.win_probability(4, -1, 30); });
  expect_invalid("days_in_stage", [&] { clock.win_probability(4, test::kNaN, 30); });
  expect_invalid("horizon", [&] { clock.win_probability(4, 0, test::kNaN); });
  EXPECT_TRUE(std::isfinite(clock.win_probability(4, test::kInfinity, test::kInfinity).value()));
  expect_invalid("model", [] { WinClock({{{1, "open", 2, 1.5, 7}}, {}}); });
  expect_invalid("model", [] { WinClock({{{1, "open", 2, 0.5, 7}, {1, "open", 2, 0.5, 7}}, {}}); });
  expect_invalid("model", [] { win_dispersion({{}, {.dispersion = {-1}}}, 30); });
  // Where nothing is known, what a quarter's months may differ by counts for a month only.
  EXPECT_DOUBLE_EQ(win_dispersion({}, 30), win_dispersion({}, 90) + 0.125);
  EXPECT_DOUBLE_EQ(win_dispersion({}, 90), 0.1 + common_dispersion({}, 1));
  const WinClock nothing{StageModel{}};
  EXPECT_EQ(nothing.win_probability(1, 0, 30), std::nullopt);
}

// Constant rates have a closed form: won within t = rate_won / rate x (1 - exp(-rate x t)).
TEST(WinClock, FollowsTheHistory) {
  std::mt19937_64 random(7);
  std::exponential_distribution<double> lasts(0.02);
  std::uniform_real_distribution<double> share(0, 1);
  StageHistory state(std::pmr::get_default_resource());
  for (std::int64_t deal = 0; deal < 40'000; ++deal) {
    const double entered = 600 * share(random);
    const double left = entered - lasts(random);
    state.add(deal, 1, "open", days_before_end(entered), std::nullopt, kEnd);
    if (left < 0) continue;
    const bool won = share(random) < 0.4;
    state.add(deal, won ? 2 : 3, won ? "won" : "lost", days_before_end(left), std::nullopt, kEnd);
  }
  const StageHistoryResult history = state.result(no_poll);
  EXPECT_EQ(history.deals, 40'000);
  const WinClock clock({{{1, "open", 2, 0.9, 5}, {2, "won", 0, 0, 0}, {3, "lost", 0, 0, 0}}, history});
  for (const double age : {0.0, 20.0, 100.0})
    for (const double horizon : {30.0, 60.0, 90.0})
      EXPECT_NEAR(clock.win_probability(1, age, horizon).value(), 0.4 * -std::expm1(-0.02 * horizon), 0.012)
          << age << " " << horizon;
  EXPECT_NEAR(clock.days_to_win(1, 0).value(), 50, 3);
  // Independent deals: what 20 periods cannot rule out.
  EXPECT_LT(win_dispersion({{}, history}, 30), 0.02);
  const StageRecord& record = history.stages.at(0);
  EXPECT_NEAR(record.median_days.value(), std::log(2) / 0.02, 1);
  EXPECT_NEAR(record.upper_quartile_days.value(), std::log(4) / 0.02, 2);
}

// Two stages, one after the other: the sum of two exponential times.
TEST(WinClock, StagesInARow) {
  std::mt19937_64 random(11);
  std::exponential_distribution<double> first(0.1);
  std::exponential_distribution<double> second(0.05);
  StageHistory state(std::pmr::get_default_resource());
  for (std::int64_t deal = 0; deal < 30'000; ++deal) {
    const double entered = 700;
    const double moved = entered - first(random);
    const double won = moved - second(random);
    state.add(deal, 1, "open", days_before_end(entered), std::nullopt, kEnd);
    state.add(deal, 2, "open", days_before_end(moved), std::nullopt, kEnd);
    state.add(deal, 3, "won", days_before_end(won), std::nullopt, kEnd);
  }
  const WinClock clock({{{1, "open", 2, 0.5, 5}, {2, "open", 3, 0.5, 5}, {3, "won", 0, 0, 0}}, state.result(no_poll)});
  for (const double t : {10.0, 30.0, 60.0, 90.0}) {
    const double exactly = 1 - (0.1 * std::exp(-0.05 * t) - 0.05 * std::exp(-0.1 * t)) / 0.05;
    EXPECT_NEAR(clock.win_probability(1, 0, t).value(), exactly, 0.012) << t;
  }
  EXPECT_NEAR(clock.days_to_win(1, 0).value(), 30, 1);
}

// All stages are left within an hour or so: a deal passes them all on the day it comes in, and each day
// is a system of its own.
TEST(WinClock, ManyStagesInADay) {
  constexpr int kStages = 12;
  StageHistory state(std::pmr::get_default_resource());
  std::vector<StageBelief> beliefs;
  for (int stage = 1; stage <= kStages; ++stage) beliefs.push_back({stage, "open", stage + 1, 0.5, 5});
  beliefs.push_back({kStages + 1, "won", 0, 0, 0});
  for (std::int64_t deal = 0; deal < 20'000; ++deal)
    for (int stage = 1; stage <= kStages + 1; ++stage)
      state.add(deal, stage, stage > kStages ? "won" : "open",
                days_before_end(600 - static_cast<double>(deal % 500) - 0.05 * stage), std::nullopt, kEnd);
  const WinClock clock({beliefs, state.result(no_poll)});
  EXPECT_GT(clock.win_probability(1, 0, 20).value(), 0.98);
  EXPECT_GT(clock.win_probability(1, 0, 60).value(), 0.996);
}

// Of what enters either of two stages half goes to the other on the same day, a quarter is won and a
// quarter lost: all told one half is won. Stages that lead nowhere else are never won.
TEST(WinClock, StagesThatLeadToEachOther) {
  // By belief on the day itself: stage 1 goes on to 2, 2 back to 1, 3 is won.
  const WinClock closed({{{1, "open", 2, 1, 0}, {2, "open", 1, 1, 0}, {3, "open", 4, 0.25, 0}, {4, "won", 0, 0, 0}}, {}});
  EXPECT_EQ(closed.win_probability(1, 0, 90), 0.0);
  EXPECT_EQ(closed.days_to_win(1, 0), std::nullopt);
  EXPECT_EQ(closed.win_probability(3, 0, 90), 0.25);
  StageHistory state(std::pmr::get_default_resource());
  std::mt19937_64 random(3);
  for (std::int64_t deal = 0; deal < 60'000; ++deal) {
    double at = 600 - static_cast<double>(deal % 500);
    for (int stage = 1;;) {
      state.add(deal, stage, stage == 3 ? "won" : stage == 4 ? "lost" : "open", days_before_end(at), std::nullopt, kEnd);
      if (stage > 2) break;
      at -= 0.01;
      const auto way = random() % 4;
      stage = way < 2 ? 3 - stage : way == 2 ? 3 : 4;
    }
  }
  const WinClock clock({{{1, "open", 2, 0.5, 5}, {2, "open", 3, 0.5, 5}, {3, "won", 0, 0, 0}, {4, "lost", 0, 0, 0}}, state.result(no_poll)});
  EXPECT_NEAR(clock.win_probability(1, 0, 60).value(), 0.5, 0.01);
}

TEST(StageHistory, WorkedExample) {
  // Deal 1: ten days in stage 1, then won. Deal 2: four days, then deleted. Deal 3 is still there.
  const std::tuple<std::int64_t, int, const char*, double> entries[] = {
      {1, 1, "open", 30}, {1, 2, "won", 20}, {2, 1, "open", 20}, {2, 0, "open", 16}, {3, 1, "open", 8}};
  const StageHistoryResult result = history_of(entries);
  EXPECT_EQ(result.deals, 3);
  EXPECT_EQ(result.wins, 1);
  ASSERT_EQ(result.stages.size(), 1U);
  const StageRecord& stage = result.stages[0];
  EXPECT_EQ(stage.entered, 3);
  EXPECT_EQ(stage.left, 2);
  double exposure = 0;
  for (const double days : stage.exposure) exposure += days;
  EXPECT_DOUBLE_EQ(exposure, 10 + 4 + 8);
  ASSERT_EQ(stage.exits.size(), 2U);
  EXPECT_EQ(stage.exits[0].to, 0);
  EXPECT_EQ(stage.exits[1].to, 2);
  EXPECT_EQ(stage.exits[1].by_age[band_of(10)], 1);
  // Kaplan-Meier: 2/3 after 4 days with three at risk, 0 after 10 with one.
  EXPECT_EQ(stage.lower_quartile_days, 4);
  EXPECT_EQ(stage.median_days, 10);
  EXPECT_EQ(stage.upper_quartile_days, 10);
}

TEST(StageHistory, WhatIsAfterTheEndIsNotKnown) {
  const std::tuple<std::int64_t, int, const char*, double> entries[] = {{1, 1, "open", 10}, {1, 2, "won", -5}};
  const StageHistoryResult result = history_of(entries);
  EXPECT_EQ(result.wins, 0);
  EXPECT_EQ(result.stages.at(0).left, 0);
  EXPECT_EQ(result.stages.at(0).median_days, std::nullopt);
}

TEST(StageHistory, MergedAndSerialisedIsTheSame) {
  StageHistory whole(std::pmr::get_default_resource());
  StageHistory a(std::pmr::get_default_resource());
  StageHistory b(std::pmr::get_default_resource());
  for (int deal = 0; deal < 50; ++deal) {
    for (StageHistory* state : {&whole, deal % 2 ? &a : &b}) {
      state->add(deal, 1, "open", days_before_end(100 + deal), std::nullopt, kEnd);
      state->add(deal, 2, "won", days_before_end(50 + deal / 2.0), std::nullopt, kEnd);
    }
  }
  Writer writer;
  b.serialize(writer);
  StageHistory c(std::pmr::get_default_resource());
  Reader reader(std::as_bytes(std::span(writer.bytes())));
  c.deserialize(reader);
  reader.expect_end();
  a.merge(c);
  EXPECT_EQ(a.result(no_poll).stages.at(0).exposure, whole.result(no_poll).stages.at(0).exposure);
  EXPECT_EQ(a.result(no_poll).wins, 50);

  const std::string cut = writer.bytes().substr(0, writer.bytes().size() - 3);
  Reader short_reader(std::as_bytes(std::span(cut)));
  StageHistory d(std::pmr::get_default_resource());
  EXPECT_EQ(test::error_of([&] { d.deserialize(short_reader); })->code, ErrorCode::malformed);
}

TEST(StageHistory, RefusesNonsense) {
  StageHistory state(std::pmr::get_default_resource());
  expect_invalid("stage", [&] { state.add(1, 0, "open", kEnd, std::nullopt, kEnd); });
  expect_invalid("stage", [&] { state.add(1, 1, "closed", kEnd, std::nullopt, kEnd); });
  expect_invalid("entered_at", [&] { state.add(1, 1, "open", {INT64_MAX}, std::nullopt, kEnd); });
}

TEST(StageHistory, CommonShocksAreSeen) {
  // Every other 30 days nothing is won.
  StageHistory state(std::pmr::get_default_resource());
  std::int64_t deal = 0;
  for (int period = 0; period < 24; ++period)
    for (int i = 0; i < 40; ++i) {
      ++deal;
      const double closes = 30 * period + 15;
      state.add(deal, 1, "open", days_before_end(closes + 20), std::nullopt, kEnd);
      state.add(deal, period % 2 ? 2 : 3, period % 2 ? "won" : "lost", days_before_end(closes), std::nullopt, kEnd);
    }
  EXPECT_GT(state.result(no_poll).dispersion.at(0), 0.3);
}

// Everything is won in the last month of a quarter.
TEST(WinClock, MonthsOfTheQuarter) {
  using namespace std::chrono;
  constexpr sys_days kEpoch = year{2000} / January / 1;
  const auto at = [&](sys_days day) { return Timestamp{(day - kEpoch).count() * std::int64_t{86'400'000'000}}; };
  const sys_days end = year{2025} / December / 31;
  StageHistory state(std::pmr::get_default_resource());
  std::int64_t deal = 0;
  for (int back = 0; back < 8; ++back) {
    const sys_days quarter_end = sys_days{(year_month{year{2025} / December} - months{3 * back}) / 20};
    for (int i = 0; i < 50; ++i, ++deal) {
      state.add(deal, 1, "open", at(quarter_end - days{10 + 5 * i}), std::nullopt, at(end));
      state.add(deal, 2, "won", at(quarter_end), std::nullopt, at(end));
    }
  }
  const StageHistoryResult history = state.result(no_poll);
  EXPECT_LT(history.month_factors.at(0), 0.5);
  EXPECT_GT(history.month_factors.at(2), 1.3);
  const WinClock clock({{{1, "open", 2, 0.5, 5}, {2, "won", 0, 0, 0}}, history});
  const double january = clock.win_probability(1, 10, 30).value();
  const double quarter = clock.win_probability(1, 10, 90).value();
  EXPECT_LT(january, 0.5 * quarter);
}

}  // namespace
}  // namespace revenue::pipeline
