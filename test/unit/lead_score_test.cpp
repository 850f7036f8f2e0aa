#include "core/scoring/lead_score.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;
using Texts = std::vector<std::string>;

LeadSignals random_signals(test::RandomInputs& random) {
  return {.seniority = random.perhaps<std::string_view>("director"),
          .company_employees = random.maybe_count(5000),
          .industry_match = random.maybe_bool(),
          .email_opens = random.maybe_count(20),
          .email_clicks = random.maybe_count(10),
          .page_visits = random.maybe_count(40),
          .replies = random.maybe_count(5),
          .meetings = random.maybe_count(4),
          .days_since_last_engagement = random.maybe_number(0, 120),
          .unsubscribed = random.maybe_bool()};
}

LeadSignals best() {
  return {.seniority = "VP",
          .company_employees = 1000,
          .industry_match = true,
          .email_opens = 10,
          .email_clicks = 5,
          .page_visits = 20,
          .replies = 3,
          .meetings = 2,
          .days_since_last_engagement = 0,
          .unsubscribed = false};
}

TEST(LeadScore, WorkedExample) {
  LeadSignals signals = best();
  LeadExplanation explained = explain_lead_score(signals);
  EXPECT_EQ(explained.fit, 38.5);  // 15 x 0.9 + 15 + 10
  EXPECT_EQ(explained.engagement, 60);
  EXPECT_EQ(explained.lead_score, 98.5);
  EXPECT_EQ(explained.grade, "A");
  EXPECT_EQ(explained.confidence, 1);
  EXPECT_EQ(explained.key_factors, (Texts{"Strong fit", "Strong engagement", "2 meetings"}));

  signals.days_since_last_engagement = 30;  // one half-life
  explained = explain_lead_score(signals);
  EXPECT_EQ(explained.breakdown.recency_decay, -30);
  EXPECT_EQ(explained.lead_score, 68.5);
  EXPECT_EQ(explained.grade, "B");

  signals.unsubscribed = true;
  explained = explain_lead_score(signals);
  EXPECT_EQ(explained.breakdown.unsubscribe_penalty, -30);
  EXPECT_EQ(explained.lead_score, 38.5);
  EXPECT_EQ(explained.grade, "D");
  EXPECT_EQ(explained.key_factors, (Texts{"Strong fit", "Strong engagement", "2 meetings",
                                          "Quiet for 30 days", "Unsubscribed"}));
}

TEST(LeadScore, UnknownFitIsNeutralAndUnknownEngagementNothing) {
  const LeadExplanation explained = explain_lead_score({});
  EXPECT_EQ(explained.lead_score, 20);  // half of 15 + 15 + 10
  EXPECT_EQ(explained.confidence, 0);
  EXPECT_LT(lead_score({.industry_match = false}), lead_score({}));
  EXPECT_LT(lead_score({.company_employees = 0}), lead_score({}));
}

TEST(LeadScore, ALevelNobodyKnowsIsUnknown) {
  EXPECT_EQ(lead_score({.seniority = "grand vizier"}), lead_score({}));
  EXPECT_EQ(explain_lead_score({.seniority = "grand vizier"}).confidence, 0);
  EXPECT_EQ(lead_score({.seniority = "C-Level"}), 27.5);
}

TEST(LeadScore, UnsubscribingNeverGoesBelowZero) {
  const LeadExplanation explained = explain_lead_score({.seniority = "intern",
                                                        .company_employees = 0,
                                                        .industry_match = false,
                                                        .unsubscribed = true});
  EXPECT_EQ(explained.lead_score, 0);
  EXPECT_EQ(explained.breakdown.unsubscribe_penalty, -1.5);
}

TEST(LeadScore, BreakdownAddsUp) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const LeadSignals signals = random_signals(random);
    const LeadExplanation explained = explain_lead_score(signals);
    EXPECT_EQ(test::sum_of_fields(explained.breakdown), test::millionths(explained.lead_score));
    EXPECT_EQ(test::millionths(explained.fit) + test::millionths(explained.engagement) +
                  test::millionths(explained.breakdown.unsubscribe_penalty),
              test::millionths(explained.lead_score));
    EXPECT_EQ(explained.lead_score, lead_score(signals));
    EXPECT_TRUE(explained.lead_score >= 0 && explained.lead_score <= 100);
    EXPECT_TRUE(explained.confidence >= 0 && explained.confidence <= 1);
  }
}

TEST(LeadScore, BetterNewsNeverLowersIt) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const LeadSignals signals = random_signals(random);
    const double score = lead_score(signals);
    for (const auto field :
         {&LeadSignals::email_opens, &LeadSignals::email_clicks, &LeadSignals::page_visits,
          &LeadSignals::replies, &LeadSignals::meetings}) {
      LeadSignals better = signals;
      better.*field = (signals.*field).value_or(0) + random.integer(0, 3);
      EXPECT_GE(lead_score(better), score);
    }
    LeadSignals better = signals;
    better.unsubscribed = false;
    EXPECT_GE(lead_score(better), score);
  }
}

TEST(LeadScore, BadInput) {
  for (const auto& [name, field] : {std::pair("company_employees", &LeadSignals::company_employees),
                                    std::pair("email_opens", &LeadSignals::email_opens),
                                    std::pair("email_clicks", &LeadSignals::email_clicks),
                                    std::pair("page_visits", &LeadSignals::page_visits),
                                    std::pair("replies", &LeadSignals::replies),
                                    std::pair("meetings", &LeadSignals::meetings)}) {
    LeadSignals signals;
    signals.*field = -1;
    expect_invalid(name, [&signals] { lead_score(signals); });
    expect_invalid(name, [&signals] { explain_lead_score(signals); });
    signals.*field = std::numeric_limits<std::int64_t>::max();
    EXPECT_LE(lead_score(signals), 100);
  }
  for (const double bad : {-0.1, 1e7, test::kNaN, test::kInfinity})
    expect_invalid("days_since_last_engagement",
                   [bad] { lead_score({.days_since_last_engagement = bad}); });
}

}  // namespace
}  // namespace revenue::scoring
