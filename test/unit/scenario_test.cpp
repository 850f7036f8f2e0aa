#include "core/scoring/scenario.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::error_of;
using test::expect_invalid;

constexpr Money units(std::int64_t n) {
  return {n * 1'000'000};
}

// The example of the requirements.
TEST(Scenario, Example) {
  const Scenario result = scenario({.pipeline = units(450'000),
                                    .win_rate = 0.30,
                                    .win_rate_increase = 0.10,
                                    .deal_size_increase = 0.05,
                                    .pipeline_growth = 0.15});
  EXPECT_EQ(result.baseline.pipeline, units(450'000));
  EXPECT_EQ(result.baseline.win_rate, 0.30);
  EXPECT_EQ(result.baseline.forecast, units(135'000));
  EXPECT_EQ(result.projected.pipeline, units(517'500));
  EXPECT_EQ(result.projected.win_rate, 0.33);
  EXPECT_EQ(result.projected.deal_size_change, "+5.0%");
  EXPECT_EQ(result.projected.forecast, (Money{179'313'750'000}));
  EXPECT_EQ(result.delta.value, (Money{44'313'750'000}));
  EXPECT_EQ(result.delta.percent, 32.825);
}

TEST(Scenario, NothingChanges) {
  const Scenario result = scenario({.pipeline = units(100), .win_rate = 0.5});
  EXPECT_EQ(result.projected.forecast, result.baseline.forecast);
  EXPECT_EQ(result.projected.deal_size_change, "+0.0%");
  EXPECT_EQ(result.delta.percent, 0);
  EXPECT_EQ(scenario_forecast({.pipeline = units(100), .win_rate = 0.5}), units(50));
}

TEST(Scenario, TheWinRateIsCappedAtOne) {
  EXPECT_EQ(scenario({.pipeline = units(100), .win_rate = 0.8, .win_rate_increase = 0.5})
                .projected.win_rate,
            1);
}

TEST(Scenario, DecreasesDownToNothing) {
  const Scenario result = scenario({.pipeline = units(100),
                                    .win_rate = 0.5,
                                    .win_rate_increase = -0.2,
                                    .deal_size_increase = -0.125,
                                    .pipeline_growth = -0.5});
  EXPECT_EQ(result.projected.forecast, (Money{17'500'000}));
  EXPECT_EQ(result.projected.deal_size_change, "-12.5%");
  EXPECT_EQ(result.delta.percent, -65);
  EXPECT_EQ(scenario_forecast({.pipeline = units(100), .win_rate = 0.5, .pipeline_growth = -1.0}),
            Money{});
}

TEST(Scenario, NoPercentOfNothing) {
  EXPECT_EQ(scenario({.pipeline = {}, .win_rate = 0.5}).delta.percent, std::nullopt);
  EXPECT_EQ(scenario({.pipeline = units(5), .win_rate = 0}).delta.percent, std::nullopt);
}

TEST(Scenario, BadInput) {
  expect_invalid("pipeline", [] { scenario({.pipeline = Money{-1}, .win_rate = 0.5}); });
  for (const double bad : {-0.1, 1.1, test::kNaN, test::kInfinity})
    expect_invalid("win_rate", [bad] { scenario({.pipeline = units(1), .win_rate = bad}); });
  for (const double bad : {-1.1, 1e7, test::kNaN, test::kInfinity}) {
    expect_invalid("win_rate_increase", [bad] {
      scenario({.pipeline = units(1), .win_rate = 0.5, .win_rate_increase = bad});
    });
    expect_invalid("deal_size_increase", [bad] {
      scenario({.pipeline = units(1), .win_rate = 0.5, .deal_size_increase = bad});
    });
    expect_invalid("pipeline_growth", [bad] {
      scenario({.pipeline = units(1), .win_rate = 0.5, .pipeline_growth = bad});
    });
  }
  EXPECT_EQ(error_of([] {
              scenario({.pipeline = units(10'000'000), .win_rate = 1, .pipeline_growth = 1e6});
            })
                .value()
                .code,
            ErrorCode::out_of_range);
}

}  // namespace
}  // namespace revenue::scoring
