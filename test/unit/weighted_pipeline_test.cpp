#include "core/scoring/weighted_pipeline.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;

constexpr Money units(std::int64_t n) {
  return {n * 1'000'000};
}

TEST(WeightedPipeline, SumsAmountTimesProbability) {
  static_assert(std::is_trivially_copyable_v<WeightedPipeline>);
  WeightedPipeline state;
  EXPECT_EQ(state.result(), std::nullopt);
  state.add(units(1000), 0.25);
  state.add(units(400), 0.5);
  state.add(units(300), 1);
  state.add(units(999), 0);
  EXPECT_EQ(state.result(), 750);
}

TEST(WeightedPipeline, DoesNotDependOnTheOrder) {
  test::RandomInputs random;
  WeightedPipeline whole;
  std::array<WeightedPipeline, 2> parts;
  double plain = 0;
  for (std::size_t i = 0; i < test::kRandomInputs; ++i) {
    const Money amount{random.integer(-1'000'000'000'000, 1'000'000'000'000)};
    const double p = random.number(0, 1);
    whole.add(amount, p);
    parts[i % parts.size()].add(amount, p);
    plain += amount.value() * p;
  }
  WeightedPipeline back;
  ASSERT_FALSE(test::read_state(test::bytes_of(parts[1]), back));
  back.merge(parts[0]);
  EXPECT_EQ(back.result(), whole.result());
  EXPECT_NEAR(whole.result().value(), plain, 1e-6 * test::kRandomInputs);
}

TEST(WeightedPipeline, TheLargestAmounts) {
  WeightedPipeline state;
  const Money largest{std::numeric_limits<std::int64_t>::max()};
  for (int i = 0; i < 1000; ++i) state.add(largest, 1);
  EXPECT_DOUBLE_EQ(state.result().value(), 1000 * largest.value());
  state.add(largest, std::nextafter(1.0, 0.0));
  EXPECT_DOUBLE_EQ(state.result().value(), 1001 * largest.value());
}

TEST(WeightedPipeline, BadInputAndBytes) {
  for (const double bad : {-0.01, 1.01, test::kNaN, test::kInfinity})
    expect_invalid("p", [bad] { WeightedPipeline().add(units(1), bad); });
  WeightedPipeline state;
  state.add(units(1), 0.5);
  test::expect_malformed_rejected(state);
}

TEST(ScoredPipeline, IsTheTwoStepsInOne) {
  static_assert(std::is_trivially_copyable_v<ScoredPipeline>);
  const CloseSignals signals{.deal_stage = "proposal", .lead_score = 75};
  ScoredPipeline scored;
  EXPECT_EQ(scored.result(), std::nullopt);
  scored.add(std::nullopt, signals, builtin_compiled());
  EXPECT_EQ(scored.result(), std::nullopt) << "no amount, no sum";
  scored.add(units(1000), signals, builtin_compiled());
  WeightedPipeline weighted;
  weighted.add(units(1000), close_probability(signals));
  EXPECT_EQ(scored.result(), weighted.result());
  expect_invalid("deal_stage",
                 [&] { scored.add(units(1), {.deal_stage = "nowhere"}, builtin_compiled()); });
}

}  // namespace
}  // namespace revenue::scoring
