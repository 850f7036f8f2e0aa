#include "core/scoring/churn_risk.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;
using Texts = std::vector<std::string>;

ChurnSignals random_signals(test::RandomInputs& random) {
  return {.usage_recent = random.maybe_number(0, 200),
          .usage_prior = random.maybe_number(0, 200),
          .open_tickets = random.maybe_count(10),
          .escalations = random.maybe_count(4),
          .days_overdue = random.maybe_number(0, 60),
          .failed_payments = random.maybe_count(3),
          .nps = random.maybe_number(-100, 100),
          .csat = random.maybe_number(0, 100),
          .days_to_renewal = random.maybe_number(-30, 365),
          .champion_left = random.maybe_bool()};
}

ChurnSignals content() {
  return {.usage_recent = 120,
          .usage_prior = 100,
          .open_tickets = 0,
          .escalations = 0,
          .days_overdue = 0,
          .failed_payments = 0,
          .nps = 60,
          .csat = 95,
          .days_to_renewal = 200,
          .champion_left = false};
}

TEST(ChurnRisk, ContentAndDesperate) {
  EXPECT_EQ(churn_risk(content()), 0);
  EXPECT_EQ(explain_churn_risk(content()).category, "low");
  EXPECT_EQ(explain_churn_risk(content()).confidence, 1);
  EXPECT_TRUE(explain_churn_risk(content()).risk_factors.empty());

  const ChurnExplanation worst = explain_churn_risk({.usage_recent = 0,
                                                     .usage_prior = 100,
                                                     .open_tickets = 9,
                                                     .escalations = 3,
                                                     .days_overdue = 45,
                                                     .failed_payments = 2,
                                                     .nps = -60,
                                                     .csat = 30,
                                                     .days_to_renewal = -2,
                                                     .champion_left = true});
  EXPECT_EQ(worst.churn_risk, 100);
  EXPECT_EQ(worst.category, "critical");
  EXPECT_EQ(
      worst.risk_factors,
      (Texts{"Usage stopped", "9 open tickets", "3 escalations", "Payment 45 days overdue",
             "2 failed payments", "Renewal date passed", "NPS -60", "CSAT 30 %", "Champion left"}));
}

TEST(ChurnRisk, WorkedExample) {
  ChurnSignals signals = content();
  signals.usage_recent = 38;
  signals.days_to_renewal = 45;
  signals.escalations = 1;
  const ChurnExplanation explained = explain_churn_risk(signals);
  EXPECT_EQ(explained.breakdown.usage, 18.6);  // 30 x 0.62
  EXPECT_EQ(explained.breakdown.support, 3);
  EXPECT_EQ(explained.breakdown.financial, 3.5);  // 7 x 0.5
  EXPECT_EQ(explained.breakdown.sentiment, 0);
  EXPECT_EQ(explained.churn_risk, 25.1);
  EXPECT_EQ(explained.category, "medium");
  EXPECT_EQ(explained.risk_factors,
            (Texts{"Usage down 62 %", "1 escalation", "Renewal in 45 days"}));
}

TEST(ChurnRisk, ACompleteStopIsTheLargestDecline) {
  ChurnSignals signals = content();
  signals.usage_recent = 0;
  const double stopped = churn_risk(signals);
  for (const double recent : {1e-9, 0.001, 1.0, 50.0, 99.0}) {
    signals.usage_recent = recent;
    EXPECT_LT(churn_risk(signals), stopped) << recent;
  }
  EXPECT_EQ(stopped, 40);
}

TEST(ChurnRisk, NothingToCompareWithIsUnknown) {
  ChurnSignals signals = content();
  signals.usage_prior = 0;
  signals.usage_recent = 0;
  const ChurnExplanation unknown = explain_churn_risk(signals);
  EXPECT_EQ(unknown.breakdown.usage, 10);  // a quarter of 40
  EXPECT_TRUE(unknown.risk_factors.empty());
  EXPECT_DOUBLE_EQ(unknown.confidence, 0.6);
  signals.usage_prior = {};
  EXPECT_EQ(churn_risk(signals), unknown.churn_risk);

  EXPECT_EQ(churn_risk({}), 25);
  EXPECT_EQ(explain_churn_risk({}).confidence, 0);
  EXPECT_TRUE(explain_churn_risk({}).risk_factors.empty());
}

TEST(ChurnRisk, BreakdownAddsUp) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const ChurnSignals signals = random_signals(random);
    const ChurnExplanation explained = explain_churn_risk(signals);
    EXPECT_EQ(test::sum_of_fields(explained.breakdown), test::millionths(explained.churn_risk));
    EXPECT_EQ(explained.churn_risk, churn_risk(signals));
    EXPECT_TRUE(explained.churn_risk >= 0 && explained.churn_risk <= 100);
    EXPECT_TRUE(explained.confidence >= 0 && explained.confidence <= 1);
  }
}

TEST(ChurnRisk, WorseNewsNeverLowersIt) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    ChurnSignals signals = random_signals(random);
    signals.usage_recent = random.number(0, 200);
    signals.open_tickets = random.integer(0, 10);
    signals.days_overdue = random.number(0, 60);
    signals.nps = random.number(-50, 100);
    const double risk = churn_risk(signals);
    ChurnSignals worse = signals;
    worse.usage_recent = *signals.usage_recent / 2;
    EXPECT_GE(churn_risk(worse), risk);
    worse = signals;
    worse.open_tickets = *signals.open_tickets + 1;
    EXPECT_GE(churn_risk(worse), risk);
    worse = signals;
    worse.days_overdue = *signals.days_overdue + 5;
    EXPECT_GE(churn_risk(worse), risk);
    worse = signals;
    worse.nps = *signals.nps - 20;
    EXPECT_GE(churn_risk(worse), risk);
    worse = signals;
    worse.champion_left = true;
    EXPECT_GE(churn_risk(worse), risk);
  }
}

TEST(ChurnRisk, BadInput) {
  const auto each = [](std::string_view name, const ChurnSignals& signals) {
    expect_invalid(name, [&signals] { churn_risk(signals); });
    expect_invalid(name, [&signals] { explain_churn_risk(signals); });
  };
  for (const double bad : {-0.1, test::kNaN, test::kInfinity}) {
    each("usage_recent", {.usage_recent = bad});
    each("usage_prior", {.usage_prior = bad});
    each("days_overdue", {.days_overdue = bad});
    each("csat", {.csat = bad});
  }
  for (const double bad : {-100.1, 100.1, test::kNaN, -test::kInfinity}) each("nps", {.nps = bad});
  for (const double bad : {-1e7, 1e7, test::kNaN})
    each("days_to_renewal", {.days_to_renewal = bad});
  each("open_tickets", {.open_tickets = -1});
  each("escalations", {.escalations = -1});
  each("failed_payments", {.failed_payments = -1});
}

TEST(ChurnRisk, AbsurdUsageStaysInRange) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(explain_churn_risk({.usage_recent = kHuge, .usage_prior = kTiny}).breakdown.usage, 0);
  EXPECT_EQ(explain_churn_risk({.usage_recent = kTiny, .usage_prior = kHuge}).breakdown.usage, 30);
}

}  // namespace
}  // namespace revenue::scoring
