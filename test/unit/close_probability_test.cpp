#include "core/scoring/close_probability.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;
using test::millionths;
using Texts = std::vector<std::string>;

// The example of the requirements.
CloseSignals example() {
  return {.deal_stage = "proposal",
          .days_in_stage = 12,
          .lead_score = 75,
          .num_interactions = 8,
          .num_objections_handled = 2,
          .champion_identified = true,
          .budget_confirmed = true,
          .decision_maker_engaged = false,
          .competitors_mentioned = 1};
}

CloseSignals random_signals(test::RandomInputs& random) {
  return {.deal_stage = random.maybe_stage(),
          .days_in_stage = random.maybe_number(0, 200),
          .lead_score = random.maybe_number(0, 100),
          .num_interactions = random.maybe_count(40),
          .num_objections_handled = random.maybe_count(10),
          .champion_identified = random.maybe_bool(),
          .budget_confirmed = random.maybe_bool(),
          .decision_maker_engaged = random.maybe_bool(),
          .competitors_mentioned = random.maybe_count(6)};
}

TEST(CloseProbability, Example) {
  for (const std::optional<bool> decision_maker : {std::optional<bool>(false), {}}) {
    CloseSignals signals = example();
    signals.decision_maker_engaged = decision_maker;
    EXPECT_NEAR(close_probability(signals), 0.7784, 0.00005);
    EXPECT_DOUBLE_EQ(close_probability(signals), 1 / (1 + std::exp2(-43.5 / 24)));

    const CloseExplanation explained = explain_close_probability(signals);
    EXPECT_EQ(explained.close_probability, 78);
    EXPECT_EQ(explained.key_factors,
              (Texts{"Strong engagement", "Well qualified", "1 competitor"}));
    EXPECT_EQ(explained.breakdown.base_probability, 50);
    EXPECT_EQ(explained.breakdown.engagement_boost, 23.5);
    EXPECT_EQ(explained.breakdown.qualification_boost, 25);
    EXPECT_EQ(explained.breakdown.velocity_penalty, 0);
    EXPECT_FALSE(std::signbit(explained.breakdown.velocity_penalty));
    EXPECT_EQ(explained.breakdown.competition_penalty, -5);
    EXPECT_EQ(explained.breakdown.raw_points, 43.5);
    EXPECT_EQ(explained.raw_points, 43.5);
    EXPECT_NEAR(explained.breakdown.probability, 77.84, 0.005);
    EXPECT_DOUBLE_EQ(explained.confidence, decision_maker ? 1 : 0.9);
    EXPECT_EQ(explained.unknown_inputs.size(), decision_maker ? 0U : 1U);
  }
}

TEST(CloseProbability, TwentyFourPointsDoubleTheOdds) {
  Framework framework;
  framework.close_probability.champion = 24;
  const CompiledFramework compiled(framework);
  const double before = close_probability({.deal_stage = "demo"}, compiled);
  const double after =
      close_probability({.deal_stage = "demo", .champion_identified = true}, compiled);
  EXPECT_DOUBLE_EQ(after / (1 - after), 2 * before / (1 - before));
}

TEST(CloseProbability, NothingKnownIsTheUnknownStage) {
  EXPECT_DOUBLE_EQ(close_probability({}), builtin_framework().stages.unknown_probability);
  const CloseExplanation explained = explain_close_probability({});
  EXPECT_EQ(explained.confidence, 0);
  EXPECT_EQ(explained.unknown_inputs.size(), 9U);
  EXPECT_EQ(explained.unknown_inputs.front(), "deal_stage");
  EXPECT_TRUE(explained.key_factors.empty());
  EXPECT_EQ(explained.raw_points, 0);
}

TEST(CloseProbability, UnknownIsNotNo) {
  const double unknown = close_probability({.deal_stage = "proposal"});
  EXPECT_LT(close_probability({.deal_stage = "proposal", .champion_identified = false}), unknown);
  EXPECT_LT(close_probability({.deal_stage = "proposal", .budget_confirmed = false}), unknown);
  EXPECT_EQ(close_probability({.deal_stage = "proposal", .decision_maker_engaged = false}),
            unknown);
  EXPECT_GT(close_probability({.deal_stage = "proposal", .decision_maker_engaged = true}), unknown);
}

TEST(CloseProbability, ClosedStagesAreCertain) {
  CloseSignals signals = example();
  for (const char* won : {"closed_won", "won", "Closed Won", "closed"}) {
    signals.deal_stage = won;
    EXPECT_EQ(close_probability(signals), 1) << won;
    EXPECT_EQ(explain_close_probability(signals).close_probability, 100);
    EXPECT_EQ(explain_close_probability(signals).key_factors, Texts{"Won"});
  }
  for (const char* lost : {"closed_lost", "lost", "LOST"}) {
    signals.deal_stage = lost;
    EXPECT_EQ(close_probability(signals), 0) << lost;
    EXPECT_EQ(explain_close_probability(signals).key_factors, Texts{"Lost"});
  }
}

TEST(CloseProbability, EngagementSaturates) {
  const auto with = [](std::int64_t interactions, std::int64_t objections) {
    return close_probability({.deal_stage = "demo",
                              .num_interactions = interactions,
                              .num_objections_handled = objections});
  };
  EXPECT_EQ(with(20, 0), with(1'000'000, 0));
  EXPECT_EQ(with(0, 5), with(0, std::numeric_limits<std::int64_t>::max()));
  EXPECT_LT(with(19, 0), with(20, 0));
  EXPECT_LT(with(0, 4), with(0, 5));
}

TEST(CloseProbability, VelocityCostsBeyondTheStagesTypicalDays) {
  const auto after = [](double days) {
    return explain_close_probability({.deal_stage = "proposal", .days_in_stage = days});
  };
  EXPECT_EQ(after(21).breakdown.velocity_penalty, 0);
  EXPECT_EQ(after(31).breakdown.velocity_penalty, -4);
  EXPECT_EQ(after(31).key_factors, Texts{});
  EXPECT_EQ(after(75.9).key_factors, Texts{"Stagnant for 75 days"});
  EXPECT_EQ(after(81).breakdown.velocity_penalty, -24);
  EXPECT_EQ(after(1e6).breakdown.velocity_penalty, -24);
}

TEST(CloseProbability, KeyFactorsNameWhatMatters) {
  const CloseExplanation bleak = explain_close_probability({.deal_stage = "negotiation",
                                                            .days_in_stage = 90,
                                                            .lead_score = 10,
                                                            .num_interactions = 1,
                                                            .champion_identified = false,
                                                            .budget_confirmed = false,
                                                            .competitors_mentioned = 3});
  EXPECT_EQ(bleak.key_factors, (Texts{"Weak engagement", "No champion", "No budget confirmed",
                                      "Stagnant for 90 days", "3 competitors"}));
  const CloseExplanation mixed = explain_close_probability(
      {.deal_stage = "demo", .champion_identified = true, .decision_maker_engaged = true});
  EXPECT_EQ(mixed.key_factors, (Texts{"Champion identified", "Decision maker engaged"}));
}

TEST(CloseProbability, BreakdownAddsUp) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const CloseSignals signals = random_signals(random);
    const CloseExplanation explained = explain_close_probability(signals);
    const CloseBreakdown& parts = explained.breakdown;
    EXPECT_EQ(millionths(parts.engagement_boost) + millionths(parts.qualification_boost) +
                  millionths(parts.velocity_penalty) + millionths(parts.competition_penalty),
              millionths(parts.raw_points));
    EXPECT_EQ(parts.raw_points, explained.raw_points);
    const double p = close_probability(signals);
    EXPECT_NEAR(parts.probability, 100 * p, 0.5e-6 + 1e-12);
    EXPECT_EQ(explained.close_probability, std::lround(parts.probability));
    const double base = parts.base_probability / 100;
    EXPECT_NEAR(p, base == 0 ? 0 : 1 / (1 + (1 - base) / base * std::exp2(-parts.raw_points / 24)),
                1e-6);
    EXPECT_TRUE(p >= 0 && p <= 1);
    EXPECT_TRUE(explained.confidence >= 0 && explained.confidence <= 1);
  }
}

TEST(CloseProbability, BetterNewsNeverLowersIt) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const CloseSignals signals = random_signals(random);
    const double p = close_probability(signals);
    CloseSignals better = signals;
    better.num_interactions = signals.num_interactions.value_or(0) + random.integer(0, 5);
    EXPECT_GE(close_probability(better), p);
    better = signals;
    better.num_objections_handled =
        signals.num_objections_handled.value_or(0) + random.integer(0, 5);
    EXPECT_GE(close_probability(better), p);
    better = signals;
    better.lead_score = std::min(signals.lead_score.value_or(0) + random.number(0, 20), 100.0);
    EXPECT_GE(close_probability(better), p);
    better = signals;
    better.champion_identified = better.budget_confirmed = better.decision_maker_engaged = true;
    EXPECT_GE(close_probability(better), p);

    CloseSignals worse = signals;
    worse.competitors_mentioned = signals.competitors_mentioned.value_or(0) + random.integer(0, 3);
    EXPECT_LE(close_probability(worse), p);
    worse = signals;
    worse.days_in_stage = signals.days_in_stage.value_or(0) + random.number(0, 50);
    EXPECT_LE(close_probability(worse), p);
  }
}

TEST(CloseProbability, BadInput) {
  for (const double bad : {-0.1, test::kNaN, test::kInfinity, -test::kInfinity}) {
    expect_invalid("days_in_stage", [bad] { close_probability({.days_in_stage = bad}); });
    expect_invalid("lead_score", [bad] { close_probability({.lead_score = bad}); });
    expect_invalid("lead_score", [bad] { explain_close_probability({.lead_score = bad}); });
  }
  expect_invalid("days_in_stage", [] { close_probability({.days_in_stage = 1e7}); });
  expect_invalid("lead_score", [] { close_probability({.lead_score = 100.01}); });
  expect_invalid("num_interactions", [] { close_probability({.num_interactions = -1}); });
  expect_invalid("num_objections_handled",
                 [] { close_probability({.num_objections_handled = -1}); });
  expect_invalid("competitors_mentioned", [] { close_probability({.competitors_mentioned = -1}); });
  expect_invalid("nowhere", [] { close_probability({.deal_stage = "nowhere"}); });
  // A closed deal is checked like any other.
  expect_invalid("lead_score", [] { close_probability({.deal_stage = "won", .lead_score = 101}); });
}

TEST(CloseProbability, ExtremeFrameworksStayBetweenZeroAndOne) {
  Framework framework;
  framework.close_probability.points_per_doubling = 1e-6;
  framework.close_probability.champion = 1e6;
  framework.close_probability.champion_absent = 1e6;
  framework.stages.probability.set("proposal", std::numeric_limits<double>::denorm_min());
  const CompiledFramework compiled(framework);
  EXPECT_EQ(close_probability({.deal_stage = "proposal", .champion_identified = true}, compiled),
            1);
  EXPECT_EQ(close_probability({.deal_stage = "proposal", .champion_identified = false}, compiled),
            0);
  EXPECT_GE(close_probability({.deal_stage = "proposal"}, compiled), 0);
}

}  // namespace
}  // namespace revenue::scoring
