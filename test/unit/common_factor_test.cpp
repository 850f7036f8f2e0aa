#include "core/pipeline/common_factor.hpp"

#include "support.hpp"

namespace revenue::pipeline {
namespace {

// Periods of `expected` wins, each times a lognormal factor of this sigma.
std::vector<PastForecast> periods(std::size_t count, double expected, double sigma,
                                  std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, 1);
  std::vector<PastForecast> past;
  for (std::size_t i = 0; i < count; ++i) {
    const double mean = expected * std::exp(sigma * normal(random) - sigma * sigma / 2);
    past.push_back(
        {expected, expected, 0, static_cast<double>(std::poisson_distribution<int>(mean)(random))});
  }
  return past;
}

TEST(CommonFactor, NothingKnownIsWide) {
  // 95 of 100 factors are within 3.5 times the middle one, up or down.
  const double sigma = std::sqrt(std::log1p(common_dispersion({}, 1)));
  EXPECT_NEAR(std::exp(1.96 * sigma), 3.5, 0.2);
}

TEST(CommonFactor, NarrowerWithEveryGoodPeriod) {
  double before = common_dispersion({}, 1);
  for (const std::size_t count : {1U, 3U, 6U, 12U, 24U}) {
    const std::vector<PastForecast> past(count, {100, 100, 0, 100});
    const double now = common_dispersion(past, 1);
    EXPECT_LT(now, before) << count;
    // Overlapping ones say less.
    EXPECT_GT(common_dispersion(past, 0.5), now);
    before = now;
  }
  EXPECT_LT(before, 0.01);
}

TEST(CommonFactor, FindsWhatIsThere) {
  for (const double sigma : {0.2, 0.4, 0.8}) {
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
      sum += std::sqrt(std::log1p(common_dispersion(periods(24, 200, sigma, seed), 1)));
    EXPECT_GT(sum / 20, sigma) << sigma;  // its own uncertainty is in it
    EXPECT_LT(sum / 20, 1.6 * sigma) << sigma;
  }
}

TEST(CommonFactor, OnePeriodOutOfLineDoesNotSpeakForAll) {
  std::vector<PastForecast> past = periods(11, 30, 0, 3);
  const double regular = common_dispersion(past, 1);
  past.push_back({3, 3, 0, 30});
  EXPECT_LT(common_dispersion(past, 1), std::max(4 * regular, 0.15));
}

TEST(CommonFactor, TooFewExpectedSayNothing) {
  const std::vector<PastForecast> past{{0.5, 0.5, 0, 7}, {40, 0, 0, 40}};
  EXPECT_EQ(common_dispersion(past, 1), common_dispersion({}, 1));
}

}  // namespace
}  // namespace revenue::pipeline
