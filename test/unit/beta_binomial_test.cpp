#include "core/pipeline/beta_binomial.hpp"

#include <numbers>
#include <numeric>

#include "support.hpp"

namespace revenue::pipeline {
namespace {

using test::expect_invalid;

void expect_near(double found, double expected, double relative = 1e-11) {
  EXPECT_NEAR(found, expected, relative * std::fabs(expected) + 1e-15);
}

// Distribution functions that can be written down.
TEST(BetaQuantile, ClosedForms) {
  for (const double p : {1e-6, 0.025, 0.15, 0.5, 0.85, 0.975, 0.9999}) {
    expect_near(quantile({1, 1}, p), p);
    expect_near(quantile({7, 1}, p), std::pow(p, 1.0 / 7));
    expect_near(quantile({1, 1000}, p), -std::expm1(std::log1p(-p) / 1000));
    // Nothing tried: the prior itself, the arcsine law.
    const double sine = std::sin(std::numbers::pi * p / 2);
    expect_near(rate_quantile(0, 0, p), sine * sine);
  }
}

// With rate = sin^2 the posterior's density is sin^2k cos^2(n-k), a polynomial that Simpson's rule
// sums.
double simpson(std::int64_t successes, std::int64_t trials, double up_to) {
  constexpr int kSteps = 2000;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double angle = std::asin(std::sqrt(up_to)) * i / kSteps;
    const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * std::pow(std::sin(angle), 2 * static_cast<double>(successes)) *
           std::pow(std::cos(angle), 2 * static_cast<double>(trials - successes));
  }
  return sum * std::asin(std::sqrt(up_to)) / kSteps / 3;
}

TEST(BetaQuantile, AgreesWithSimpsonsRule) {
  for (const auto& [successes, trials] : {std::pair{1, 10}, {0, 25}, {5, 10}, {40, 60}, {60, 60}})
    for (const double p : {0.025, 0.5, 0.975}) {
      const double q = rate_quantile(successes, trials, p);
      EXPECT_NEAR(simpson(successes, trials, q) / simpson(successes, trials, 1), p, 1e-9)
          << successes << " of " << trials;
    }
}

TEST(BetaQuantile, Symmetry) {
  for (const double p : {0.01, 0.3, 0.6})
    expect_near(quantile({3.5, 40.5}, p), 1 - quantile({40.5, 3.5}, 1 - p), 1e-9);
}

TEST(BetaQuantile, LargeCountsTendToTheNormal) {
  const double z = 1.959963984540054;
  for (const std::int64_t n : {std::int64_t{1'000'000}, std::int64_t{1'000'000'000'000'000}}) {
    const double p = 0.25;
    const double deviation = std::sqrt(p * (1 - p) / static_cast<double>(n));
    const double high = rate_quantile(n / 4, n, 0.975);
    EXPECT_NEAR((high - p) / deviation, z, 2e-3) << n;
  }
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(ProbabilitiesBest, ClosedForms) {
  // max of a uniform and Beta(m, 1): P(X > Y) = m / (m + 1).
  for (const double m : {2.0, 5.0, 100.0})
    expect_near(probabilities_best({{m, 1}, {1, 1}})[0], m / (m + 1));
  // Whole numbers: sum over i < a2 of B(a1 + i, b1 + b2) / ((b2 + i) B(1 + i, b2) B(a1, b1)).
  const auto beta = [](double a, double b) {
    return std::exp(std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b));
  };
  const double a1 = 3, b1 = 8, a2 = 5, b2 = 7;
  double second = 0;
  for (double i = 0; i < a2; ++i)
    second += beta(a1 + i, b1 + b2) / ((b2 + i) * beta(1 + i, b2) * beta(a1, b1));
  expect_near(probabilities_best({{a1, b1}, {a2, b2}})[1], second);
  // Of Beta(m_i, 1) each is best with probability m_i / sum of m.
  const auto best = probabilities_best({{2, 1}, {3, 1}, {5, 1}});
  expect_near(best[0], 0.2);
  expect_near(best[1], 0.3);
  expect_near(best[2], 0.5);
}

TEST(ProbabilitiesBest, EqualVariantsShareEqually) {
  for (const double p : probabilities_best(std::vector<Beta>(7, {12.5, 80.5})))
    expect_near(p, 1.0 / 7);
}

TEST(ProbabilitiesBest, OneOrNone) {
  EXPECT_TRUE(probabilities_best({}).empty());
  expect_near(probabilities_best({{0.5, 0.5}})[0], 1);
}

TEST(ProbabilitiesBest, WidthsThatDifferMuch) {
  // A rate known to 1e-7 against one never tried: P(arcsine law > 1/4) = 2/3.
  const auto best = probabilities_best({{0.5, 0.5}, {0.25e14, 0.75e14}});
  EXPECT_NEAR(best[0], 2.0 / 3, 1e-6);
  EXPECT_NEAR(sum(best), 1, 1e-12);
}

TEST(ProbabilitiesBest, SumToOneAndFollowTheRates) {
  std::mt19937_64 random(20240301);
  for (int round = 0; round < 200; ++round) {
    std::vector<Beta> betas(2 + random() % 6);
    for (Beta& beta : betas) {
      const auto trials = static_cast<std::int64_t>(random() % (1ULL << (1 + random() % 40)));
      beta = jeffreys_posterior(
          static_cast<std::int64_t>(random() % (static_cast<std::uint64_t>(trials) + 1)), trials);
    }
    const auto best = probabilities_best(betas);
    EXPECT_NEAR(sum(best), 1, 1e-12) << round;
    for (const double p : best) EXPECT_TRUE(p >= 0 && p <= 1);
    // More failures can only make a variant worse.
    betas[0].b += 10;
    EXPECT_LE(probabilities_best(betas)[0], best[0] + 1e-12) << round;
  }
}

TEST(CompareVariants, BadInput) {
  expect_invalid("trials", [] { rate_quantile(0, -1, 0.5); });
  expect_invalid("trials", [] { rate_quantile(0, 1'000'000'000'000'001, 0.5); });
  expect_invalid("successes", [] { rate_quantile(-1, 5, 0.5); });
  expect_invalid("successes", [] { rate_quantile(6, 5, 0.5); });
  for (const double bad : {0.0, 1.0, -0.1, test::kNaN, test::kInfinity})
    expect_invalid("probability", [bad] { rate_quantile(1, 5, bad); });
  expect_invalid("variants", [] { compare_variants(std::vector<Variant>(201)); });
}

}  // namespace
}  // namespace revenue::pipeline
