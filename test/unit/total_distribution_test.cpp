#include "core/pipeline/total_distribution.hpp"

#include <algorithm>
#include <map>

#include "support.hpp"

namespace revenue::pipeline {
namespace {

using test::expect_invalid;

Money units(double amount) { return {std::llround(amount * 1e6)}; }

TotalDistributionResult total_of(std::span<const std::pair<double, double>> deals, double dispersion = 0) {
  TotalDistribution state(std::pmr::get_default_resource());
  for (const auto& [amount, probability] : deals) state.add(units(amount), probability, dispersion);
  return state.result(no_poll);
}

TEST(TotalDistribution, EnumeratedByHand) {
  // 0 with 0.3, 100 with 0.3, 200 with 0.2, 300 with 0.2.
  const std::pair<double, double> deals[] = {{100, 0.5}, {200, 0.4}};
  const auto result = total_of(deals);
  EXPECT_EQ(result.deals, 2);
  EXPECT_DOUBLE_EQ(result.expected, 130);
  EXPECT_DOUBLE_EQ(result.expected_wins, 0.9);
  EXPECT_DOUBLE_EQ(result.standard_deviation, std::sqrt(100 * 100 * 0.25 + 200 * 200 * 0.24));
  EXPECT_EQ(result.median, units(100));
  EXPECT_EQ(result.intervals.at(0).lower, units(0));
  EXPECT_EQ(result.intervals.at(0).upper, units(300));
}

TEST(TotalDistribution, EqualsEnumerationOfRandomDeals) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::pair<double, double>> deals;
    for (int i = 0; i < 11; ++i) deals.emplace_back(std::floor(2000 * uniform(random) - 300), uniform(random));
    std::map<double, double> totals;
    for (unsigned wins = 0; wins < 1U << deals.size(); ++wins) {
      double total = 0;
      double probability = 1;
      for (std::size_t i = 0; i < deals.size(); ++i) {
        const bool won = (wins >> i) & 1;
        total += won ? deals[i].first : 0;
        probability *= won ? deals[i].second : 1 - deals[i].second;
      }
      totals[total] += probability;
    }
    const auto quantile = [&](double level) {
      double sum = 0;
      for (const auto& [total, probability] : totals)
        if ((sum += probability) >= level - 1e-12) return total;
      return totals.rbegin()->first;
    };
    const auto result = total_of(deals);
    EXPECT_EQ(result.median, units(quantile(0.5)));
    for (const auto& interval : result.intervals) {
      EXPECT_EQ(interval.lower, units(quantile((1 - interval.level) / 2)));
      EXPECT_EQ(interval.upper, units(quantile((1 + interval.level) / 2)));
    }
  }
}

// Many different amounts: the lattice, and the normal part of what is small, against simulation.
TEST(TotalDistribution, ManyDeals) {
  for (const int count : {300, 5000}) {
    std::mt19937_64 random(5);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::lognormal_distribution<double> size(8, 1);
    std::vector<std::pair<double, double>> deals;
    for (int i = 0; i < count; ++i) deals.emplace_back(std::round(size(random) * 100) / 100, 0.3 * uniform(random));
    std::vector<double> totals;
    for (int draw = 0; draw < 4000; ++draw) {
      double total = 0;
      for (const auto& [amount, probability] : deals) total += uniform(random) < probability ? amount : 0;
      totals.push_back(total);
    }
    std::sort(totals.begin(), totals.end());
    const auto result = total_of(deals);
    const double noise = 0.12 * result.standard_deviation;
    EXPECT_NEAR(result.median.value(), totals[2000], noise);
    EXPECT_NEAR(result.intervals.at(2).lower.value(), totals[100], noise);
    EXPECT_NEAR(result.intervals.at(2).upper.value(), totals[3900], noise);
  }
}

TEST(TotalDistribution, DispersionWidens) {
  std::vector<std::pair<double, double>> deals(2000, {1000, 0.1});
  const auto independent = total_of(deals);
  const auto shared = total_of(deals, 0.04);
  EXPECT_DOUBLE_EQ(independent.expected, 200'000);
  EXPECT_DOUBLE_EQ(shared.expected, 200'000);
  EXPECT_NEAR(independent.standard_deviation, 1000 * std::sqrt(2000 * 0.09), 1);
  EXPECT_NEAR(shared.standard_deviation, std::hypot(independent.standard_deviation, 0.2 * 0.9 * 200'000), 200);
  EXPECT_LT(shared.intervals.at(2).lower, independent.intervals.at(2).lower);
  EXPECT_GT(shared.intervals.at(2).upper, independent.intervals.at(2).upper);
}

TEST(TotalDistribution, EdgesAndNonsense) {
  const auto nothing = total_of({});
  EXPECT_EQ(nothing.deals, 0);
  EXPECT_EQ(nothing.expected, 0);
  EXPECT_EQ(nothing.median, units(0));
  const std::pair<double, double> sure[] = {{100, 1}, {-30, 1}, {50, 0}, {0, 0.5}};
  const auto result = total_of(sure, 0.5);
  EXPECT_EQ(result.median, units(70));
  EXPECT_EQ(result.intervals.at(2).lower, units(70));
  EXPECT_EQ(result.intervals.at(2).upper, units(70));
  EXPECT_EQ(total_of(sure, 5e-324).median, units(70));
  const std::pair<double, double> tiny[] = {{1e-6, 5e-324}, {9e12, 1 - 1e-16}};
  EXPECT_EQ(total_of(tiny, 100).intervals.size(), 3U);
  const std::pair<double, double> huge[] = {{9e12, 0.001}, {9e12, 0.001}, {9e12, 0.001}};
  EXPECT_EQ(total_of(huge).median, units(0));
  TotalDistribution state(std::pmr::get_default_resource());
  expect_invalid("probability", [&] { state.add(units(1), test::kNaN, 0); });
  expect_invalid("probability", [&] { state.add(units(1), 1.1, 0); });
  expect_invalid("dispersion", [&] { state.add(units(1), 0.5, -1); });
  expect_invalid("dispersion", [&] { state.add(units(1), 0.5, test::kNaN); });
}

TEST(TotalDistribution, MergedAndSerialisedIsTheSame) {
  TotalDistribution whole(std::pmr::get_default_resource());
  TotalDistribution a(std::pmr::get_default_resource());
  TotalDistribution b(std::pmr::get_default_resource());
  for (int i = 1; i < 40; ++i)
    for (TotalDistribution* state : {&whole, i % 2 ? &a : &b}) state->add(units(i * 17), i / 50.0, 0.1);
  Writer writer;
  b.serialize(writer);
  TotalDistribution c(std::pmr::get_default_resource());
  Reader reader(std::as_bytes(std::span(writer.bytes())));
  c.deserialize(reader);
  reader.expect_end();
  a.merge(c);
  EXPECT_EQ(a.result(no_poll).median, whole.result(no_poll).median);
  EXPECT_EQ(a.result(no_poll).intervals.at(2).upper, whole.result(no_poll).intervals.at(2).upper);
}

}  // namespace
}  // namespace revenue::pipeline
