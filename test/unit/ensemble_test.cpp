#include "core/forecast/ensemble.hpp"

#include <numeric>

#include "support.hpp"

namespace revenue::forecast {
namespace {

using test::expect_invalid;
using test::kNaN;

Predictor predictor(std::string name, double estimate, std::vector<double> past) {
  Predictor result;
  result.name = std::move(name);
  result.estimate = estimate;
  result.past = std::move(past);
  return result;
}

EnsembleOptions options_with(double scale) {
  EnsembleOptions options;
  options.scale = scale;
  return options;
}

// Origins at which the first predictor errs by 1 and the second by 3, unbiased both.
struct Case {
  std::vector<Predictor> predictors;
  Past past;
};
Case noisy(int origins) {
  Case result;
  std::vector<double> good;
  std::vector<double> bad;
  for (int o = 0; o < origins; ++o) {
    result.past.actual.push_back(100);
    result.past.scale.push_back(10);
    good.push_back(o % 2 ? 101 : 99);
    bad.push_back(o % 2 ? 97 : 103);
  }
  result.predictors = {predictor("good", 110, good), predictor("bad", 90, bad)};
  return result;
}

TEST(StudentQuantile, Tables) {
  EXPECT_NEAR(student_quantile(0.975, 2), 4.3027, 1e-3);
  EXPECT_NEAR(student_quantile(0.975, 3), 3.1824, 6e-3);
  EXPECT_NEAR(student_quantile(0.85, 5), 1.1558, 1e-3);
  EXPECT_NEAR(student_quantile(0.025, 30), -2.0423, 1e-3);
  EXPECT_NEAR(student_quantile(0.5, 7), 0, 1e-9);
}

TEST(Ensemble, WeighsByPastErrors) {
  const Case c = noisy(40);
  const EnsembleForecast forecast = combine(c.predictors, c.past, options_with(10));
  // Inverse mean squares 1/1 and 1/9, drawn towards each other by four origins of their mean, 5.
  const double good = (40 * 1.0 + 4 * 5) / 44;
  const double bad = (40 * 9.0 + 4 * 5) / 44;
  EXPECT_NEAR(forecast.components[0].weight, 1 / good / (1 / good + 1 / bad), 1e-2);
  EXPECT_NEAR(forecast.components[0].weight + forecast.components[1].weight, 1, 1e-12);
  double sum = 0;
  for (const auto& share : forecast.components) sum += share.contribution;
  EXPECT_NEAR(sum, forecast.expected, 1e-9);
  EXPECT_EQ(forecast.weights_from, "rolling origins");
  EXPECT_EQ(forecast.interval_from, "conformal, from the errors at past origins");
}

TEST(Ensemble, WithoutOriginsAllWeighTheSame) {
  const Case c = noisy(0);
  const EnsembleForecast forecast = combine(c.predictors, c.past, options_with(10));
  EXPECT_DOUBLE_EQ(forecast.components[0].weight, 0.5);
  EXPECT_DOUBLE_EQ(forecast.expected, 100);
  EXPECT_EQ(forecast.weights_from, "equal, because no origin is over yet");
  EXPECT_EQ(forecast.interval_from, "components");
  // They disagree by 10 either way, so the interval is not of width 0.
  EXPECT_LT(forecast.intervals[2].lower, 90);
  EXPECT_GT(forecast.intervals[2].upper, 110);
}

TEST(Ensemble, CorrectsWhatWasAlwaysTooMuch) {
  Past past;
  std::vector<double> said;
  for (int o = 0; o < 36; ++o) {
    past.actual.push_back(50);
    past.scale.push_back(10);
    said.push_back(100);
  }
  const EnsembleForecast forecast = combine({predictor("one", 100, said)}, past, options_with(10));
  EXPECT_NEAR(forecast.components[0].correction, (36 * 50.0 + 4 * 50) / (36 * 100 + 4 * 50), 1e-12);
  EXPECT_NEAR(forecast.expected, 100 * forecast.components[0].correction, 1e-9);
}

// What is known at an origin must not hold what came after it.
TEST(Ensemble, KnowsNothingOfTheFuture) {
  Case c = noisy(30);
  c.past.months = 3;
  const EnsembleForecast before = combine(c.predictors, c.past, options_with(10));
  // Errors at the first 25 origins depend on actuals of origins up to 22 only.
  for (std::size_t o = 26; o < 30; ++o) c.past.actual[o] = 1000;
  const EnsembleForecast after = combine(c.predictors, c.past, options_with(10));
  for (std::size_t o = 0; o < 26; ++o) EXPECT_EQ(before.errors[o], after.errors[o]) << o;
}

TEST(Ensemble, OneMethodAlone) {
  const Case c = noisy(30);
  EnsembleOptions options = options_with(10);
  options.method = "bad";
  const EnsembleForecast forecast = combine(c.predictors, c.past, options);
  EXPECT_EQ(forecast.components[0].weight, 0);
  EXPECT_EQ(forecast.components[0].reason, "another method was asked for");
  EXPECT_EQ(forecast.components[0].estimate, 110);
  EXPECT_EQ(forecast.components[1].weight, 1);
  EXPECT_EQ(forecast.weights_from, "a single component");
  options.method = "ugly";
  expect_invalid("ugly", [&] { combine(c.predictors, c.past, options); });
}

TEST(Ensemble, IntervalsHoldEachOtherAndTheQuantiles) {
  test::RandomInputs random;
  for (int round = 0; round < 300; ++round) {
    Case c = noisy(static_cast<int>(random.integer(0, 40)));
    for (auto& p : c.predictors) {
      p.estimate = random.perhaps(random.number(-100, 1000));
      for (double& said : p.past) said = random.coin() ? kNaN : random.number(-100, 300);
    }
    c.past.months = static_cast<int>(random.integer(1, 6));
    EnsembleOptions options = options_with(random.number(0, 100));
    options.certain = random.number(0, 500);
    options.little_history = random.coin();
    options.non_negative = random.coin();
    const EnsembleForecast forecast = combine(c.predictors, c.past, options);
    double lower = forecast.expected;
    double upper = forecast.expected;
    for (const auto& interval : forecast.intervals) {
      EXPECT_LE(interval.lower, lower);
      EXPECT_GE(interval.upper, upper);
      lower = interval.lower;
      upper = interval.upper;
      if (options.non_negative) {
        EXPECT_GE(interval.lower, options.certain);
      }
    }
    for (std::size_t q = 1; q < forecast.quantiles.size(); ++q)
      EXPECT_LE(forecast.quantiles[q - 1].value, forecast.quantiles[q].value);
  }
}

TEST(Ensemble, NobodyKnowsAnything) {
  std::vector<Predictor> nothing{predictor("one", 0, {})};
  nothing[0].estimate.reset();
  nothing[0].reason = "too little history";
  EnsembleOptions options = options_with(0);
  options.certain = 7;
  const EnsembleForecast forecast = combine(nothing, {}, options);
  EXPECT_EQ(forecast.expected, 7);
  EXPECT_EQ(forecast.intervals[0].lower, 7);
  EXPECT_EQ(forecast.weights_from, "nothing");
}

TEST(Ensemble, Refusals) {
  EnsembleOptions options;
  options.levels = {1};
  expect_invalid("levels", [&] { combine({}, {}, options); });
  options.levels = {kNaN};
  expect_invalid("levels", [&] { combine({}, {}, options); });
  options.levels = {};
  expect_invalid("levels", [&] { combine({}, {}, options); });
}

// A predictor right but for noise: 70, 85 and 95 of 100 outcomes must lie within, with few origins
// and with many, and with windows that overlap.
TEST(Ensemble, Coverage) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  for (const int origins : {6, 12, 30}) {
    for (const int months : {1, 3}) {
      std::array<int, 3> within{};
      constexpr int kRounds = 2000;
      for (int round = 0; round < kRounds; ++round) {
        std::vector<double> noise;
        for (int i = 0; i < origins + 2 * months; ++i) noise.push_back(8 * normal(random));
        const auto outcome = [&](int o) {
          return 100.0 * months +
                 std::accumulate(noise.begin() + o, noise.begin() + o + months, 0.0);
        };
        Past past;
        past.months = months;
        for (int o = 0; o < origins; ++o) {
          past.actual.push_back(outcome(o));
          past.scale.push_back(20);
        }
        auto one = predictor("one", 100.0 * months,
                             std::vector<double>(past.actual.size(), 100.0 * months));
        one.deviation = 8 * std::sqrt(months);
        const EnsembleForecast forecast = combine({one}, past, options_with(20));
        const double actual = outcome(origins - 1 + months);
        for (std::size_t i = 0; i < 3; ++i)
          within[i] +=
              actual >= forecast.intervals[i].lower && actual <= forecast.intervals[i].upper;
      }
      const std::array levels{0.70, 0.85, 0.95};
      for (std::size_t i = 0; i < 3; ++i)
        EXPECT_NEAR(within[i] / static_cast<double>(kRounds), levels[i], 0.05)
            << origins << " origins of " << months << " months";
    }
  }
}

}  // namespace
}  // namespace revenue::forecast
