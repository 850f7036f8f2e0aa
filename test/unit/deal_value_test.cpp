#include "core/scoring/deal_value.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::error_of;
using test::expect_invalid;

constexpr Money units(std::int64_t n) {
  return {n * 1'000'000};
}

// The example of the requirements.
ValueSignals example() {
  return {.product_plan = "professional",
          .num_users_planned = 50,
          .base_list_price_per_user = units(29),
          .discount_pct = 0.15,
          .billing_cycle = "annual",
          .contract_term_months = 12,
          .industry = "tech",
          .deal_stage = "proposal",
          .similar_closed_deals_avg_acv = units(18'000),
          .expansion_potential_factor = 1.5};
}

TEST(DealValue, Example) {
  const ValuePrediction prediction = predict_deal_value(example());
  EXPECT_EQ(prediction.breakdown.list_value, units(17'400));
  EXPECT_EQ(prediction.breakdown.base_value, units(14'790));
  EXPECT_EQ(prediction.breakdown.industry_factor, 1.2);
  EXPECT_EQ(prediction.breakdown.expansion_factor, 1.5);
  EXPECT_EQ(prediction.breakdown.stage_factor, 0.75);
  EXPECT_EQ(prediction.breakdown.comparables_weight, 0);
  EXPECT_EQ(prediction.breakdown.value_if_won, units(26'622));
  EXPECT_EQ(prediction.predicted_deal_value, (Money{19'966'500'000}));
  EXPECT_EQ(prediction.reason, std::nullopt);
  EXPECT_DOUBLE_EQ(prediction.confidence_score, 0.8);
  EXPECT_EQ(deal_value(example()), prediction.predicted_deal_value);
}

TEST(DealValue, ComparablesBlendInWithTheirNumber) {
  ValueSignals signals = example();
  signals.similar_closed_deals_count = 5;  // weight 5 / (5 + 5)
  ValuePrediction prediction = predict_deal_value(signals);
  EXPECT_EQ(prediction.breakdown.comparables_weight, 0.5);
  EXPECT_EQ(prediction.breakdown.comparables_value, units(18'000));
  EXPECT_EQ(prediction.breakdown.value_if_won, units((26'622 + 18'000) / 2));
  EXPECT_DOUBLE_EQ(prediction.confidence_score, 0.9);

  signals.contract_term_months = 24;  // the comparables' yearly value counts twice
  prediction = predict_deal_value(signals);
  EXPECT_EQ(prediction.breakdown.comparables_value, units(36'000));
  EXPECT_EQ(prediction.breakdown.value_if_won, units((2 * 26'622 + 36'000) / 2));
}

TEST(DealValue, ComparablesAloneWhereThePriceIsUnknown) {
  ValueSignals signals = example();
  signals.base_list_price_per_user = {};
  signals.similar_closed_deals_count = 3;
  const ValuePrediction prediction = predict_deal_value(signals);
  EXPECT_EQ(prediction.breakdown.computed_value, std::nullopt);
  EXPECT_EQ(prediction.breakdown.comparables_weight, 1);
  EXPECT_EQ(prediction.breakdown.value_if_won, units(18'000));
  EXPECT_EQ(prediction.predicted_deal_value, units(13'500));
}

TEST(DealValue, NoValueHasAReason) {
  const ValuePrediction prediction = predict_deal_value({.num_users_planned = 10});
  EXPECT_EQ(prediction.predicted_deal_value, std::nullopt);
  EXPECT_EQ(prediction.confidence_score, 0);
  ASSERT_TRUE(prediction.reason);
  EXPECT_NE(prediction.reason->find("base_list_price_per_user"), std::string::npos);
}

TEST(DealValue, WhatIsUnknownChangesNothing) {
  const ValuePrediction prediction =
      predict_deal_value({.num_users_planned = 10, .base_list_price_per_user = units(100)});
  EXPECT_EQ(prediction.breakdown.value_if_won, units(12'000)) << "a year at the list price";
  EXPECT_EQ(prediction.breakdown.stage_factor, builtin_framework().stages.unknown_value_factor);
  EXPECT_LT(prediction.confidence_score, predict_deal_value(example()).confidence_score);
}

TEST(DealValue, PlansAndIndustriesWithoutAFactorAreNeutral) {
  ValueSignals signals = example();
  signals.product_plan = "galactic";
  signals.industry = "beekeeping";
  EXPECT_EQ(predict_deal_value(signals).breakdown.value_if_won, (Money{22'185'000'000}));

  Framework framework;
  framework.deal_value.plan_factor.set("Galactic", 2);
  EXPECT_EQ(predict_deal_value(signals, CompiledFramework(framework)).breakdown.value_if_won,
            (Money{44'370'000'000}));
}

TEST(DealValue, IsExactForDecimals) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const std::int64_t users = random.integer(0, 10'000);
    const std::int64_t cents = random.integer(0, 100'000);
    const std::int64_t discount = random.integer(0, 1000);  // thousandths
    const ValuePrediction prediction =
        predict_deal_value({.num_users_planned = users,
                            .base_list_price_per_user = Money{cents * 10'000},
                            .discount_pct = static_cast<double>(discount) / 1000,
                            .contract_term_months = 36});
    EXPECT_EQ(prediction.breakdown.base_value->micros, users * cents * 36 * (1000 - discount) * 10);
  }
}

TEST(DealValue, BreakdownMultipliesOut) {
  test::RandomInputs random;
  for (int i = 0; i < test::kRandomInputs; ++i) {
    const ValueSignals signals{
        .num_users_planned = random.integer(0, 1000),
        .base_list_price_per_user = Money{random.integer(0, 1'000'000'000)},
        .discount_pct = random.maybe_number(0, 1),
        .contract_term_months = static_cast<std::int32_t>(random.integer(1, 60)),
        .industry = random.perhaps<std::string_view>("tech"),
        .deal_stage = random.maybe_stage(),
        .similar_closed_deals_avg_acv = random.perhaps(Money{random.integer(0, 1'000'000'000'000)}),
        .expansion_potential_factor = random.maybe_number(0, 3),
        .similar_closed_deals_count = random.maybe_count(30)};
    const ValuePrediction prediction = predict_deal_value(signals);
    const ValueBreakdown& parts = prediction.breakdown;
    const auto near = [](Money amount, double expected) {
      EXPECT_NEAR(amount.value(), expected, 2e-6 + 1e-12 * expected);
    };
    near(*parts.computed_value, parts.base_value->value() * parts.plan_factor *
                                    parts.billing_factor * parts.industry_factor *
                                    parts.expansion_factor);
    near(*parts.value_if_won,
         (1 - parts.comparables_weight) * parts.computed_value->value() +
             parts.comparables_weight * parts.comparables_value.value_or(Money{}).value());
    near(*prediction.predicted_deal_value, parts.value_if_won->value() * parts.stage_factor);
    EXPECT_TRUE(prediction.confidence_score >= 0 && prediction.confidence_score <= 1);
  }
}

TEST(DealValue, BadInput) {
  expect_invalid("num_users_planned", [] { predict_deal_value({.num_users_planned = -1}); });
  expect_invalid("base_list_price_per_user",
                 [] { predict_deal_value({.base_list_price_per_user = Money{-1}}); });
  for (const double bad : {-0.1, 100.1, test::kNaN, test::kInfinity}) {
    expect_invalid("expansion_potential_factor",
                   [bad] { predict_deal_value({.expansion_potential_factor = bad}); });
  }
  for (const double bad : {-0.1, 1.1, 15.0, 100.1, test::kNaN, test::kInfinity})
    expect_invalid("discount_pct", [bad] { predict_deal_value({.discount_pct = bad}); });
  for (const int bad : {0, -1, 1201})
    expect_invalid("contract_term_months",
                   [bad] { predict_deal_value({.contract_term_months = bad}); });
  expect_invalid("similar_closed_deals_avg_acv",
                 [] { predict_deal_value({.similar_closed_deals_avg_acv = Money{-1}}); });
  expect_invalid("similar_closed_deals_count",
                 [] { predict_deal_value({.similar_closed_deals_count = -1}); });
  expect_invalid("billing_cycle", [] { predict_deal_value({.billing_cycle = "fortnightly"}); });
  expect_invalid("deal_stage", [] { predict_deal_value({.deal_stage = "nowhere"}); });
}

TEST(DealValue, TooLargeAnAmount) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (const ValueSignals& signals :
       {ValueSignals{.num_users_planned = kMost, .base_list_price_per_user = Money{kMost}},
        ValueSignals{.num_users_planned = 1'000'000'000, .base_list_price_per_user = units(10'000)},
        ValueSignals{.contract_term_months = 1200,
        .similar_closed_deals_avg_acv = Money{kMost},
        .similar_closed_deals_count = 1}})
    EXPECT_EQ(error_of([&signals] { predict_deal_value(signals); }).value().code,
              ErrorCode::out_of_range);
}

}  // namespace
}  // namespace revenue::scoring
