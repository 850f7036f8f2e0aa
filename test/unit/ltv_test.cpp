#include <memory_resource>

#include "core/recurring/bgnbd.hpp"
#include "core/recurring/gamma_gamma.hpp"
#include "core/recurring/sbg.hpp"
#include "core/recurring/special.hpp"
#include "support.hpp"

namespace revenue::recurring {
namespace {

using test::error_of;

SbgFit fit(const std::vector<double>& survivors) {
  return fit_sbg(survivors, no_poll).at(0);
}

void expect_near(double found, double expected, double relative) {
  EXPECT_NEAR(found, expected, relative * std::fabs(expected));
}

TEST(Special, KnownValues) {
  expect_near(digamma(1), -0.57721566490153286, 1e-14);
  expect_near(digamma(0.1), -10.423754940411076, 1e-14);
  double at_25_and_a_half = digamma(0.5);  // -0.5772... - 2 ln 2
  expect_near(at_25_and_a_half, -1.9635100260214235, 1e-14);
  for (int i = 0; i < 25; ++i) at_25_and_a_half += 1 / (i + 0.5);
  expect_near(digamma(25.5), at_25_and_a_half, 1e-13);
  // F(1, 1; 2; z) = -ln(1 - z) / z, F(1, 2; 2; z) = 1 / (1 - z).
  for (const double z : {0.0, 0.3, 0.9, 0.999, 1 - 1e-9}) {
    expect_near(hypergeometric_1(1, 2, z, no_poll), z == 0 ? 1 : -std::log1p(-z) / z, 1e-9);
    expect_near(hypergeometric_1(2, 2, z, no_poll), 1 / (1 - z), 1e-9);
  }
  expect_near(hypergeometric(0.5, 0.5, 1.5, 0.25, no_poll), std::asin(0.5) / 0.5, 1e-14);
  expect_near(hypergeometric(-2, 3, 1.5, 0.7, no_poll),
              1 - 4 * 0.7 + 2 * 12 / (2 * 1.5 * 2.5) * 0.49, 1e-12);
}

// The two cohorts of Fader & Hardie (2007).
TEST(Sbg, PublishedCohorts) {
  const auto high = fit({1000, 869, 743, 653, 593, 551, 517, 491});
  EXPECT_NEAR(high.alpha, 0.668, 0.0005);
  EXPECT_NEAR(high.beta, 3.806, 0.0005);
  EXPECT_NEAR(high.log_likelihood, -1611.2, 0.05);
  EXPECT_TRUE(high.converged);
  EXPECT_EQ(high.method, "likelihood");
  const auto regular = fit({1000, 631, 468, 382, 326, 289, 262, 241});
  EXPECT_NEAR(regular.alpha, 0.704, 0.0005);
  EXPECT_NEAR(regular.beta, 1.182, 0.0005);
  EXPECT_NEAR(regular.log_likelihood, -1680.3, 0.05);
}

// Cohorts drawn from known parameters give them back.
TEST(Sbg, FindsWhatWasDrawn) {
  for (const Sbg model : {Sbg{0.3, 2}, Sbg{1.5, 4}, Sbg{2.5, 0.8}, Sbg{8, 60}}) {
    std::vector<double> survivors;
    for (const SbgPeriod& period : sbg_curve(model, 12)) survivors.push_back(1e6 * period.survival);
    const auto found = fit(survivors);
    EXPECT_TRUE(found.converged);
    expect_near(found.alpha, model.alpha, 1e-3);
    expect_near(found.beta, model.beta, 1e-3);
  }
}

// Where all customers are alike, where nobody or everybody leaves, and after one renewal, no
// likelihood tells alpha from beta. The rate is kept, the flag says so.
TEST(Sbg, FlatLikelihood) {
  const std::vector<double> alike{1000, 800, 640, 512, 410, 328};
  const std::vector<double> none{1000, 1000, 1000};
  const std::vector<double> all{1000, 0};
  const std::vector<double> once{1000, 900};
  for (const auto& survivors : {alike, none, all, once}) {
    const auto found = fit(survivors);
    EXPECT_FALSE(found.converged);
    EXPECT_EQ(found.method, "moments");
    EXPECT_TRUE(std::isfinite(found.log_likelihood));
    const auto curve = sbg_curve({found.alpha, found.beta}, 1);
    EXPECT_NEAR(curve[1].survival, survivors[1] / survivors[0], 0.002);
  }
}

TEST(Sbg, Errors) {
  for (const std::vector<double>& bad : std::initializer_list<std::vector<double>>{
           {}, {5}, {0, 0}, {5, 6}, {5, -1}, {test::kNaN, 1}, {test::kInfinity, 1}})
    EXPECT_EQ(error_of([&] { fit(bad); })->code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([] { sbg_curve({0, 1}, 3); })->code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([] { sbg_curve({1, 1}, -1); })->code, ErrorCode::invalid_argument);
}

double payments(const Sbg& model, const Valuation& valuation, std::optional<std::int32_t> periods,
                std::int32_t age = 0) {
  return sbg_ltv(model, Money{1'000'000'000}, valuation, periods, age, no_poll).value() / 1000;
}

TEST(Sbg, LifetimeIsTheDiscountedSum) {
  for (const Sbg model : {Sbg{0.668, 3.806}, Sbg{0.704, 1.182}, Sbg{3, 0.2}})
    for (const double rate : {0.1, 0.5})
      for (const double a_year : {1.0, 12.0})
        for (const std::int32_t age : {0, 1, 5}) {
          double sum = 0;
          double survival = 1;
          const double discount = std::pow(1 + rate, -1 / a_year);
          for (int t = 0; t < 20'000; ++t) {
            sum += survival;
            survival *= discount * (model.beta + age + t) / (model.alpha + model.beta + age + t);
          }
          const Valuation valuation{1, rate, a_year, true};
          EXPECT_NEAR(payments(model, valuation, std::nullopt, age), sum, 1e-8);
          EXPECT_NEAR(payments(model, {0.5, rate, a_year, false}, std::nullopt, age),
                      0.5 * sum * discount, 1e-8);
        }
  EXPECT_NEAR(payments({0.668, 3.806}, {}, 1), 1, 1e-9);
  EXPECT_NEAR(payments({0.668, 3.806}, {}, 2), 1 + 3.806 / 4.474 / 1.1, 1e-9);
  EXPECT_NEAR(payments({3, 5}, {.discount_rate = 0}, std::nullopt), 7.0 / 2, 1e-9);
  EXPECT_EQ(payments({0.668, 3.806}, {}, 0), 0);
  EXPECT_EQ(error_of([] {
              payments({0.9, 5}, {.discount_rate = 0}, std::nullopt);
            })->code,
            ErrorCode::invalid_argument);
  // A rate next to nothing is still a sum.
  EXPECT_GT(payments({0.9, 5}, {.discount_rate = 1e-9}, std::nullopt), 30);
}

TEST(SimpleLtv, NamesItsBasis) {
  const auto ltv =
      simple_ltv(Money{100'000'000}, 0.8, 0.02, "logo churn, trailing 12 months").at(0);
  EXPECT_EQ(ltv.ltv, Money{4'000'000'000});
  EXPECT_EQ(ltv.basis, "ARPA x gross margin / logo churn, trailing 12 months");
  EXPECT_EQ(simple_ltv(Money{1}, 0.8, 0, "churn").at(0).reason, "no churn");
}

const Bgnbd kCdnow{0.243, 4.414, 0.793, 2.426};

TEST(Bgnbd, PublishedExpectation) {
  const Purchases customer{2, 30.43, 38.86};
  EXPECT_NEAR(expected_purchases(kCdnow, customer, 39, no_poll), 1.226, 0.0005);
  EXPECT_EQ(probability_alive(kCdnow, {0, 0, 38.86}), 1);
  EXPECT_EQ(expected_purchases(kCdnow, customer, 0, no_poll), 0);
  // A hundred years are as many purchases as there ever will be; a is below 1, so they grow.
  EXPECT_GT(expected_purchases(kCdnow, customer, 5000, no_poll),
            expected_purchases(kCdnow, customer, 500, no_poll));
  Bgnbd one = kCdnow;
  one.a = 1;
  Bgnbd near = kCdnow;
  near.a = 1.001;
  expect_near(expected_purchases(one, customer, 39, no_poll),
              expected_purchases(near, customer, 39, no_poll), 1e-3);
}

std::vector<Purchases> draw(const Bgnbd& model, int customers, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::gamma_distribution<double> rate(model.r, 1 / model.alpha);
  std::gamma_distribution<double> left(model.a, 1);
  std::gamma_distribution<double> right(model.b, 1);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<Purchases> all;
  for (int i = 0; i < customers; ++i) {
    const double lambda = rate(random);
    const double up = left(random);
    const double leaves = up / (up + right(random));
    Purchases p{0, 0, 20 + 30 * uniform(random)};
    for (double at = 0;;) {
      at -= std::log(1 - uniform(random)) / lambda;
      if (!(at < p.age)) break;
      ++p.frequency;
      p.recency = at;
      if (uniform(random) < leaves) break;
    }
    all.push_back(p);
  }
  return all;
}

BgnbdFit fit_of(std::span<const Purchases> customers) {
  BgnbdState state(std::pmr::get_default_resource());
  for (const Purchases& p : customers) state.add(p.frequency, p.recency, p.age);
  return state.result(no_poll);
}

TEST(Bgnbd, FindsWhatWasDrawn) {
  const auto customers = draw(kCdnow, 60'000, 1);
  const auto found = fit_of(customers);
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.n, 60'000);
  expect_near(found.r, kCdnow.r, 0.05);
  expect_near(found.alpha, kCdnow.alpha, 0.1);
  expect_near(found.a, kCdnow.a, 0.15);
  expect_near(found.b, kCdnow.b, 0.2);
}

TEST(Bgnbd, FlatLikelihood) {
  const Purchases nobody_returned[] = {{0, 0, 10}, {0, 0, 20}, {0, 0, 30}};
  const auto found = fit_of(nobody_returned);
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.method, "moments");
  EXPECT_TRUE(std::isfinite(found.log_likelihood));
  const Bgnbd model{found.r, found.alpha, found.a, found.b};
  EXPECT_LT(expected_purchases(model, {0, 0, 10}, 10, no_poll), 0.2);
  const Purchases one[] = {{3, 9, 10}};
  const auto of_one = fit_of(one);
  EXPECT_FALSE(of_one.converged);
  EXPECT_NEAR(
      expected_purchases({of_one.r, of_one.alpha, of_one.a, of_one.b}, {3, 9, 10}, 10, no_poll), 3,
      0.1);
}

TEST(Bgnbd, StatesMergeAndAreChecked) {
  auto* memory = std::pmr::get_default_resource();
  const auto customers = draw(kCdnow, 2000, 2);
  BgnbdState parts[] = {BgnbdState(memory), BgnbdState(memory)};
  for (std::size_t i = 0; i < customers.size(); ++i)
    parts[i % 2].add(customers[i].frequency, customers[i].recency, customers[i].age);
  BgnbdState merged(memory);
  merged.merge(parts[1]);
  merged.merge(parts[0]);
  merged.merge(BgnbdState(memory));
  BgnbdState read_back(memory);
  EXPECT_FALSE(test::read_state(test::bytes_of(merged), read_back));
  const auto found = read_back.result(no_poll);
  const auto expected = fit_of(customers);
  EXPECT_EQ(found.r, expected.r);  // to the last bit, in whatever order the rows came
  EXPECT_EQ(found.log_likelihood, expected.log_likelihood);
  std::string bad = test::bytes_of(merged);
  bad[8 + 7] = '\x7F';
  EXPECT_EQ(test::read_state(bad, read_back)->code, ErrorCode::malformed);
  EXPECT_EQ(test::read_state(bad.substr(0, 20), read_back)->code, ErrorCode::malformed);
  for (const Purchases& p : std::initializer_list<Purchases>{{-1, 0, 1},
                                                             {1, 0, 1},
                                                             {0, 1, 2},
                                                             {1, 3, 2},
                                                             {1, test::kNaN, 2},
                                                             {1, 1, test::kInfinity}})
    EXPECT_EQ(error_of([&] { merged.add(p.frequency, p.recency, p.age); })->code,
              ErrorCode::invalid_argument);
}

TEST(GammaGamma, FindsWhatWasDrawn) {
  std::mt19937_64 random(3);
  const GammaGamma model{6.25, 3.74, 15.44};
  std::gamma_distribution<double> scale(model.q, 1 / model.gamma);
  GammaGammaState state(std::pmr::get_default_resource());
  for (int i = 0; i < 40'000; ++i) {
    const int purchases = i % 6;
    if (purchases == 0) {
      state.add(0, 0);
      continue;
    }
    std::gamma_distribution<double> value(model.p * purchases, 1 / (scale(random) * purchases));
    state.add(purchases, value(random));
  }
  const auto found = state.result(no_poll).value();
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.n, 33'333);
  expect_near(found.p, model.p, 0.1);
  expect_near(found.q, model.q, 0.1);
  expect_near(found.gamma, model.gamma, 0.1);
  const GammaGamma fitted{found.p, found.q, found.gamma};
  EXPECT_NEAR(expected_value(fitted, 0, 0), model.p * model.gamma / (model.q - 1), 1);
  EXPECT_NEAR(expected_value(fitted, 1'000'000, 50), 50, 0.01);
}

TEST(GammaGamma, FlatLikelihood) {
  GammaGammaState state(std::pmr::get_default_resource());
  EXPECT_FALSE(state.result(no_poll));
  state.add(0, 0);
  EXPECT_FALSE(state.result(no_poll));
  state.add(2, 30);
  state.add(5, 30);
  const auto found = state.result(no_poll).value();
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.method, "moments");
  EXPECT_NEAR(expected_value({found.p, found.q, found.gamma}, 2, 30), 30, 1e-6);
  for (const auto& given : std::initializer_list<std::pair<std::int64_t, double>>{
           {-1, 5}, {1, 0}, {1, -5}, {1, test::kNaN}, {1, test::kInfinity}})
    EXPECT_EQ(error_of([&] { state.add(given.first, given.second); })->code, ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([] { expected_value({1, 0.5, 1}, 0, 0); })->code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace revenue::recurring
