#include "core/recurring/arr_paths.hpp"

#include "support.hpp"

namespace revenue::recurring {
namespace {

ArrForecast paths(double current, double target, const std::vector<double>& added,
                  const std::vector<double>& growth, double months, std::int32_t block = 3,
                  std::int64_t seed = 1) {
  return simulate_arr(current, target, added, growth, months, 4000, block, seed, no_poll).at(0);
}

TEST(ArrPaths, WithoutChanceAreStraight) {
  const auto linear = paths(100, 150, {10, 10, 10}, {0, 0, 0}, 5);
  EXPECT_EQ(linear.probability, 1);
  EXPECT_DOUBLE_EQ(linear.months_p50.value(), 5);
  EXPECT_DOUBLE_EQ(linear.arr_p50, 150);
  EXPECT_EQ(paths(100, 150, {10, 10, 10}, {0, 0, 0}, 4.99).probability, 0);
  const auto growing = paths(100, 121, {0, 0, 0}, {0.1, 0.1, 0.1}, 1.5);
  EXPECT_DOUBLE_EQ(growing.months_p90.value(), 2);
  EXPECT_DOUBLE_EQ(growing.arr_p10, 115.5);
  const auto shrinking = paths(100, 150, {0, 0, 0}, {-0.1, -0.1, -0.1}, 12);
  EXPECT_EQ(shrinking.probability, 0);
  EXPECT_FALSE(shrinking.months_p10);
  const auto there = paths(200, 150, {0, 0, 0}, {-0.1, -0.1, -0.1}, 0);
  EXPECT_EQ(there.probability, 1);
  EXPECT_EQ(there.months_p90, 0);
  EXPECT_EQ(there.arr_p50, 200);
}

// With blocks of one month each month adds 0 or 20 by a coin: 10 months reach 100 as ten coins do.
TEST(ArrPaths, ProbabilityOfCoins) {
  const auto forecast = paths(0, 119, {0, 20, 0, 20}, {0, 0, 0, 0}, 10, 1);
  EXPECT_NEAR(forecast.probability, 386.0 / 1024, 0.03);  // six heads of ten, or more
  EXPECT_NEAR(forecast.arr_p50, 100, 1e-9);
  // A block of two of these is one head and one tail: no chance is left.
  EXPECT_EQ(paths(0, 100, {0, 20, 0, 20}, {0, 0, 0, 0}, 10, 2).probability, 1);
}

TEST(ArrPaths, SeedDecides) {
  const std::vector<double> added{5, 30, 12, 0, 18, 44, 3};
  const std::vector<double> growth{0.02, -0.03, 0.01, 0, -0.05, 0.04, 0.01};
  const auto one = paths(1000, 1200, added, growth, 12);
  const auto same = paths(1000, 1200, added, growth, 12);
  const auto other = paths(1000, 1200, added, growth, 12, 3, 2);
  EXPECT_EQ(one.probability, same.probability);
  EXPECT_EQ(one.months_p50, same.months_p50);
  EXPECT_NE(one.arr_p50, other.arr_p50);
  EXPECT_NEAR(one.probability, other.probability, 0.05);
  EXPECT_LT(one.months_p10.value(), one.months_p50.value());
  EXPECT_LT(one.arr_p10, one.arr_p90);
}

TEST(ArrPaths, Errors) {
  const std::vector<double> three{1, 1, 1};
  const std::vector<double> zero{0, 0, 0};
  const auto code = [](auto&& action) { return test::error_of(action)->code; };
  EXPECT_EQ(code([&] { paths(1, 2, {1, 1}, {0, 0}, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(1, 2, three, {0, 0}, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(-1, 2, three, zero, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(1, 0, three, zero, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(1, test::kNaN, three, zero, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] {
              paths(1, 2, {1, test::kInfinity, 1}, zero, 1);
            }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(1, 2, three, {0, -1.5, 0}, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(1, 2, three, zero, 241); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { paths(1, 2, three, zero, 1, 0); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code([&] { simulate_arr(1, 2, three, zero, 1, 99, 3, 1, no_poll); }),
            ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace revenue::recurring
