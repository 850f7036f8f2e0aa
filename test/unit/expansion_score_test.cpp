#include "core/scoring/expansion_score.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;
using Texts = std::vector<std::string>;

ExpansionSignals random_signals(test::RandomInputs& random) {
  return {.seats_used = random.maybe_count(150),
          .seats_bought = random.maybe_count(120),
          .usage = random.maybe_number(0, 150),
          .usage_limit = random.maybe_number(0, 120),
          .products_owned = random.maybe_count(6),
          .products_available = random.maybe_count(6),
          .usage_growth = random.maybe_number(-1, 2),
          .account_health = random.maybe_number(0, 100)};
}

TEST(ExpansionScore, WorkedExample) {
  const ExpansionExplanation explained = explain_expansion_score({.seats_used = 94,
                                                                  .seats_bought = 100,
                                                                  .usage = 92,
                                                                  .usage_limit = 100,
                                                                  .products_owned = 2,
                                                                  .products_available = 5,
                                                                  .usage_growth = 0.3,
                                                                  .account_health = 75});
  EXPECT_EQ(explained.breakdown.seat_expansion, 24);  // 30 x (0.94 - 0.7) / 0.3
  EXPECT_EQ(explained.breakdown.plan_upgrade, 24);    // 30 x (0.92 - 0.6) / 0.4
  EXPECT_EQ(explained.breakdown.upsell, 12);          // 20 x 0.3 / 0.5
  EXPECT_EQ(explained.breakdown.cross_sell, 12);      // 20 x 3 / 5
  EXPECT_EQ(explained.expansion_score, 72);
  EXPECT_EQ(explained.category, "high");
  EXPECT_EQ(explained.best_kind, "seat_expansion");
  EXPECT_EQ(explained.confidence, 1);
  EXPECT_EQ(explained.opportunities, (Texts{"Seats 94 % used", "Usage at 92 % of plan",
                                            "Usage growing 30 %", "3 products not owned"}));
}

TEST(ExpansionScore, ASickAccountIsNotReady) {
  const auto with = [](std::optional<double> health) {
    return explain_expansion_score(
        {.seats_used = 100, .seats_bought = 100, .account_health = health});
  };
  EXPECT_EQ(with(60).expansion_score, 30);
  EXPECT_EQ(with(100).expansion_score, 30);
  EXPECT_EQ(with(30).expansion_score, 19.5);  // 30 x (0.3 + 0.7 / 2)
  EXPECT_EQ(with(0).expansion_score, 9);
  EXPECT_EQ(with({}).expansion_score, 24);
}

TEST(ExpansionScore, UnknownAddsNothing) {
  const ExpansionExplanation nothing = explain_expansion_score({});
  EXPECT_EQ(nothing.expansion_score, 0);
  EXPECT_EQ(nothing.confidence, 0);
  EXPECT_EQ(nothing.best_kind, std::nullopt);
  EXPECT_EQ(nothing.category, "low");
  EXPECT_EQ(expansion_score({.seats_used = 5, .seats_bought = 0}), 0);
  EXPECT_EQ(expansion_score({.usage = 5, .usage_limit = 0}), 0);
  EXPECT_EQ(expansion_score({.products_owned = 0, .products_available = 0}), 0);
  EXPECT_EQ(expansion_score({.products_owned = 7, .products_available = 5}), 0);
}

TEST(ExpansionScore, BreakdownAddsUp) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const ExpansionSignals signals = random_signals(random);
    const ExpansionExplanation explained = explain_expansion_score(signals);
    EXPECT_EQ(test::sum_of_fields(explained.breakdown),
              test::millionths(explained.expansion_score));
    EXPECT_EQ(explained.expansion_score, expansion_score(signals));
    EXPECT_TRUE(explained.expansion_score >= 0 && explained.expansion_score <= 100);
    EXPECT_TRUE(explained.confidence >= 0 && explained.confidence <= 1);
    EXPECT_EQ(explained.best_kind.has_value(), explained.expansion_score > 0);
  }
}

TEST(ExpansionScore, BadAndAbsurdInput) {
  const auto each = [](std::string_view name, const ExpansionSignals& signals) {
    expect_invalid(name, [&signals] { expansion_score(signals); });
    expect_invalid(name, [&signals] { explain_expansion_score(signals); });
  };
  each("seats_used", {.seats_used = -1});
  each("seats_bought", {.seats_bought = -1});
  each("products_owned", {.products_owned = -1});
  each("products_available", {.products_available = -1});
  for (const double bad : {-1.1, test::kNaN, test::kInfinity}) {
    each("usage", {.usage = bad});
    each("usage_limit", {.usage_limit = bad});
    each("usage_growth", {.usage_growth = bad});
    each("account_health", {.account_health = bad});
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr double kHuge = std::numeric_limits<double>::max();
  const ExpansionExplanation absurd = explain_expansion_score({.seats_used = kMost,
                                                               .seats_bought = 1,
                                                               .usage = kHuge,
                                                               .usage_limit = 1e-300,
                                                               .products_owned = 0,
                                                               .products_available = kMost,
                                                               .usage_growth = kHuge,
                                                               .account_health = 100});
  EXPECT_EQ(absurd.expansion_score, 100);
  EXPECT_EQ(absurd.opportunities.front(), "Seats 99999 % used");
}

}  // namespace
}  // namespace revenue::scoring
