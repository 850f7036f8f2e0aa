#include "core/scoring/pipeline_totals.hpp"

#include "core/scoring/close_probability.hpp"
#include "core/scoring/date_weight.hpp"
#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;

constexpr Money units(std::int64_t n) {
  return {n * 1'000'000};
}

void add(PipelineTotals& totals, std::optional<Money> amount, const HealthSignals& signals) {
  totals.add(amount, signals, std::nullopt, std::nullopt, builtin_compiled());
}

TEST(PipelineTotals, NothingIsZero) {
  static_assert(std::is_trivially_copyable_v<PipelineTotals>);
  const PipelineTotalsResult result = PipelineTotals{}.result();
  EXPECT_EQ(result.deal_count, 0);
  EXPECT_EQ(result.weighted_value, 0);
}

TEST(PipelineTotals, SumsWhatTheScoresSay) {
  const HealthSignals fresh{.deal_stage = "proposal", .days_in_stage = 5, .days_to_close_date = 30};
  const HealthSignals late{
      .deal_stage = "proposal", .days_in_stage = 80, .days_to_close_date = -45};
  const HealthSignals far{.deal_stage = "proposal", .days_in_stage = 5, .days_to_close_date = 200};
  PipelineTotals totals;
  add(totals, units(1000), fresh);
  add(totals, units(400), late);
  add(totals, units(200), far);
  add(totals, std::nullopt, fresh);

  const double p = close_probability({.deal_stage = "proposal", .days_in_stage = 5});
  const double p_late = close_probability({.deal_stage = "proposal", .days_in_stage = 80});
  const double late_weight = date_weight(-45);
  const PipelineTotalsResult result = totals.result();
  EXPECT_EQ(result.deal_count, 4);
  EXPECT_EQ(result.valued_deals, 3);
  EXPECT_NEAR(result.weighted_value, 1200 * p + 400 * p_late, 1e-5);
  EXPECT_NEAR(result.forecast, 1200 * p + 400 * p_late * late_weight, 1e-5);
  EXPECT_NEAR(result.forecast_90d, 1000 * p + 400 * p_late * late_weight, 1e-5);
  EXPECT_EQ(result.at_risk_deals, 1);
  EXPECT_NEAR(result.health_sum, 2 * deal_health(fresh) + deal_health(late) + deal_health(far),
              1e-5);
  EXPECT_EQ(result.days_in_stage_sum, 95);
}

TEST(PipelineTotals, DoesNotDependOnTheOrder) {
  test::RandomInputs random;
  PipelineTotals whole;
  std::array<PipelineTotals, 2> parts;
  for (std::size_t i = 0; i < test::kRandomInputs; ++i) {
    const auto amount = random.perhaps(Money{random.integer(0, 1'000'000'000'000)});
    const HealthSignals signals{.deal_stage = random.maybe_stage(),
                                .days_in_stage = random.maybe_number(0, 100),
                                .num_interactions = random.maybe_count(20),
                                .days_to_close_date = random.maybe_number(-50, 150)};
    add(whole, amount, signals);
    add(parts[i % parts.size()], amount, signals);
  }
  PipelineTotals merged;
  ASSERT_FALSE(test::read_state(test::bytes_of(parts[1]), merged));
  merged.merge(parts[0]);
  EXPECT_EQ(test::bytes_of(merged), test::bytes_of(whole));
}

TEST(PipelineTotals, BadInputAndBytes) {
  PipelineTotals totals;
  expect_invalid("deal_stage", [&] { add(totals, units(1), {.deal_stage = "nowhere"}); });
  expect_invalid("competitors_mentioned",
                 [&] { totals.add(units(1), {}, std::nullopt, -1, builtin_compiled()); });
  EXPECT_EQ(totals.result().deal_count, 0) << "a rejected deal leaves nothing behind";
  add(totals, units(1), {});
  test::expect_malformed_rejected(totals);
}

}  // namespace
}  // namespace revenue::scoring
