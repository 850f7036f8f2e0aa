#include "core/scoring/deal_health.hpp"

#include <algorithm>

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;
using Texts = std::vector<std::string>;

HealthSignals random_signals(test::RandomInputs& random) {
  return {.deal_stage = random.maybe_stage(),
          .days_in_stage = random.maybe_number(0, 200),
          .days_since_last_activity = random.maybe_number(0, 90),
          .num_interactions = random.maybe_count(20),
          .lead_score = random.maybe_number(0, 100),
          .champion_identified = random.maybe_bool(),
          .budget_confirmed = random.maybe_bool(),
          .decision_maker_engaged = random.maybe_bool(),
          .days_to_close_date = random.maybe_number(-60, 90)};
}

TEST(DealHealth, PerfectAndHopeless) {
  const HealthSignals perfect{.deal_stage = "proposal",
                              .days_in_stage = 3,
                              .days_since_last_activity = 1,
                              .num_interactions = 12,
                              .lead_score = 100,
                              .champion_identified = true,
                              .budget_confirmed = true,
                              .decision_maker_engaged = true,
                              .days_to_close_date = 20};
  EXPECT_EQ(deal_health(perfect), 100);
  EXPECT_EQ(explain_deal_health(perfect).health_category, "strong");
  EXPECT_EQ(explain_deal_health(perfect).confidence, 1);
  EXPECT_TRUE(deal_risk_factors(perfect).empty());

  const HealthSignals hopeless{.deal_stage = "proposal",
                               .days_in_stage = 200,
                               .days_since_last_activity = 60,
                               .num_interactions = 0,
                               .lead_score = 0,
                               .champion_identified = false,
                               .budget_confirmed = false,
                               .decision_maker_engaged = false,
                               .days_to_close_date = -40};
  EXPECT_EQ(deal_health(hopeless), 0);
  EXPECT_EQ(explain_deal_health(hopeless).health_category, "critical");
}

// Worked by hand from the published coefficients.
TEST(DealHealth, WorkedExample) {
  const HealthSignals signals{.deal_stage = "proposal",
                              .days_in_stage = 52.5,           // halfway from 21 to 84
                              .days_since_last_activity = 26,  // halfway from 7 to 45
                              .num_interactions = 5,           // half of 10
                              .lead_score = 50,
                              .champion_identified = true,  // 0.35
                              .budget_confirmed = false,
                              .decision_maker_engaged = true,  // 0.30
                              .days_to_close_date = -10};      // 0.2 of velocity
  const HealthExplanation explained = explain_deal_health(signals);
  EXPECT_EQ(explained.breakdown.velocity, 12);          // 40 x (0.5 - 0.2)
  EXPECT_EQ(explained.breakdown.engagement, 17.5);      // 35 x 0.5
  EXPECT_EQ(explained.breakdown.qualification, 16.25);  // 25 x 0.65
  EXPECT_EQ(explained.health_score, 45.75);
  EXPECT_EQ(explained.health_category, "at_risk");
}

TEST(DealHealth, Categories) {
  EXPECT_EQ(health_category(0), "critical");
  EXPECT_EQ(health_category(39.999999), "critical");
  EXPECT_EQ(health_category(40), "at_risk");
  EXPECT_EQ(health_category(60), "healthy");
  EXPECT_EQ(health_category(80), "strong");
  EXPECT_EQ(health_category(100), "strong");
  for (const double bad : {-1.0, 100.1, test::kNaN, test::kInfinity})
    expect_invalid("score", [bad] { health_category(bad); });
}

TEST(DealHealth, RiskFactors) {
  EXPECT_EQ(deal_risk_factors({.deal_stage = "proposal",
                               .days_in_stage = 75.4,
                               .days_since_last_activity = 21,
                               .num_interactions = 2,
                               .lead_score = 12,
                               .champion_identified = false,
                               .budget_confirmed = false,
                               .decision_maker_engaged = false,
                               .days_to_close_date = -5}),
            (Texts{"Stagnant for 75 days", "No activity for 21 days",
                   "Close date passed 5 days ago", "No champion", "Budget not confirmed",
                   "No decision maker", "Few interactions", "Low lead score"}));
  EXPECT_EQ(deal_risk_factors({.days_to_close_date = -1}), Texts{"Close date passed 1 day ago"});
  EXPECT_EQ(deal_risk_factors({.num_interactions = 0}), Texts{"No interactions"});
  EXPECT_EQ(deal_risk_factors({}), Texts{}) << "unknown is no risk";
}

TEST(DealHealth, UnknownIsNotZero) {
  EXPECT_EQ(deal_health({}), 50);
  EXPECT_EQ(explain_deal_health({}).confidence, 0);
  EXPECT_GT(deal_health({}), deal_health({.days_since_last_activity = 90}));
  EXPECT_GT(deal_health({}), deal_health({.num_interactions = 0}));
  EXPECT_GT(deal_health({}), deal_health({.champion_identified = false}));
}

TEST(DealHealth, ClosedDeals) {
  const HealthSignals won{.deal_stage = "Won", .days_in_stage = 900, .days_to_close_date = -900};
  EXPECT_EQ(deal_health(won), 100);
  EXPECT_TRUE(deal_risk_factors(won).empty());
  EXPECT_EQ(deal_health({.deal_stage = "lost"}), 0);
}

TEST(DealHealth, BreakdownAddsUp) {
  Framework odd;
  odd.deal_health.velocity = odd.deal_health.engagement = odd.deal_health.qualification = 1;
  for (const CompiledFramework& framework : {builtin_compiled(), CompiledFramework(odd)}) {
    test::RandomInputs random;
    for (int i = 0; i < test::kRandomInputs; ++i) {
      const HealthSignals signals = random_signals(random);
      const HealthExplanation explained = explain_deal_health(signals, framework);
      EXPECT_EQ(test::sum_of_fields(explained.breakdown), test::millionths(explained.health_score));
      EXPECT_EQ(explained.health_score, deal_health(signals, framework));
      EXPECT_EQ(explained.risk_factors, deal_risk_factors(signals, framework));
      EXPECT_EQ(explained.health_category, health_category(explained.health_score, framework));
      EXPECT_TRUE(explained.health_score >= 0 && explained.health_score <= 100);
      EXPECT_TRUE(explained.confidence >= 0 && explained.confidence <= 1);
    }
  }
}

TEST(DealHealth, BetterNewsNeverLowersIt) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    HealthSignals signals = random_signals(random);
    signals.days_in_stage = random.number(0, 200);
    signals.days_since_last_activity = random.number(0, 90);
    signals.num_interactions = random.integer(0, 20);
    signals.days_to_close_date = random.number(-60, 90);
    const double health = deal_health(signals);
    HealthSignals better = signals;
    better.days_in_stage = *signals.days_in_stage / 2;
    EXPECT_GE(deal_health(better), health);
    better = signals;
    better.days_since_last_activity = *signals.days_since_last_activity / 2;
    EXPECT_GE(deal_health(better), health);
    better = signals;
    better.num_interactions = *signals.num_interactions + 1;
    EXPECT_GE(deal_health(better), health);
    better = signals;
    better.days_to_close_date = *signals.days_to_close_date + 10;
    EXPECT_GE(deal_health(better), health);
    better = signals;
    better.champion_identified = better.budget_confirmed = better.decision_maker_engaged = true;
    EXPECT_GE(deal_health(better), health);
  }
}

TEST(DealHealth, BadInput) {
  const auto each = [](std::string_view name, const HealthSignals& signals) {
    expect_invalid(name, [&signals] { deal_health(signals); });
    expect_invalid(name, [&signals] { explain_deal_health(signals); });
    expect_invalid(name, [&signals] { deal_risk_factors(signals); });
  };
  for (const double bad : {-0.1, 1e7, test::kNaN, test::kInfinity}) {
    each("days_in_stage", {.days_in_stage = bad});
    each("days_since_last_activity", {.days_since_last_activity = bad});
    each("lead_score", {.lead_score = bad});
  }
  for (const double bad : {-1e7, 1e7, test::kNaN, test::kInfinity, -test::kInfinity})
    each("days_to_close_date", {.days_to_close_date = bad});
  each("num_interactions", {.num_interactions = -1});
  each("deal_stage", {.deal_stage = "nowhere"});
}

}  // namespace
}  // namespace revenue::scoring
