#include "core/foundation/money.hpp"

#include <limits>

#include "support.hpp"

namespace revenue {
namespace {

using test::error_of;

constexpr Money units(std::int64_t n) {
  return {n * 1'000'000};
}
constexpr Money kLargest{std::numeric_limits<std::int64_t>::max()};
constexpr Money kSmallest{std::numeric_limits<std::int64_t>::min()};

TEST(Money, TimesAFactorIsExactForDecimals) {
  EXPECT_EQ(multiply(units(17'400), 0.85), units(14'790));
  EXPECT_EQ(multiply(units(14'790), 1.2), units(17'748));
  EXPECT_EQ(multiply(units(14'790), 1.2 * 1.5), units(26'622));
  // As a double, 0.3 is 0.299999999999999988898: at this amount the difference would show.
  EXPECT_EQ(multiply(units(9'000'000'000'000), 0.3), units(2'700'000'000'000));
  EXPECT_EQ(multiply(units(9'000'000'000'000), 0.1 + 0.2), units(2'700'000'000'000));
}

TEST(Money, TimesAFactorThatIsNoDecimal) {
  EXPECT_EQ(multiply(units(1), 1.0 / 3), (Money{333'333}));
  EXPECT_EQ(multiply(units(1'000'000'000), 1.0 / 3), (Money{333'333'333'333'333}));
  EXPECT_EQ(multiply(units(2), 123'456.789), (Money{246'913'578'000}));
}

TEST(Money, RoundsHalfAwayFromZero) {
  EXPECT_EQ(multiply(Money{1}, 0.5), Money{1});
  EXPECT_EQ(multiply(Money{-1}, 0.5), Money{-1});
  EXPECT_EQ(multiply(Money{1}, 0.4), Money{0});
  EXPECT_EQ(multiply_ratio(Money{3}, 1, 2), Money{2});
  EXPECT_EQ(multiply_ratio(Money{-3}, 1, 2), Money{-2});
  EXPECT_EQ(multiply_ratio(Money{7}, 1, 12), Money{1});
  EXPECT_EQ(multiply_ratio(kSmallest, 1, std::numeric_limits<std::int64_t>::max()), Money{-1});
}

TEST(Money, RaisesBeyondItsRange) {
  for (const auto& action :
       {+[] { multiply_ratio(kLargest, 2); }, +[] { multiply(kLargest, 1.5); },
        +[] { multiply(kLargest, 1e300); }, +[] { multiply_ratio(kSmallest, -1); },
        +[] { add(kLargest, Money{1}); }, +[] { add(kSmallest, Money{-1}); }})
    EXPECT_EQ(error_of(action).value().code, ErrorCode::out_of_range);
  EXPECT_EQ(multiply(kLargest, 1.0), kLargest);
  EXPECT_EQ(multiply(kSmallest, 1.0), kSmallest);
  EXPECT_EQ(add(kLargest, kSmallest), Money{-1});
}

TEST(Money, RejectsAFactorThatIsNoNumber) {
  for (const double factor : {test::kNaN, test::kInfinity, -test::kInfinity})
    EXPECT_EQ(error_of([factor] { multiply(units(1), factor); }).value().code,
              ErrorCode::invalid_argument);
}

TEST(Money, NearestDecimal) {
  EXPECT_EQ(nearest_decimal(0.30 * 1.10), 0.33);
  EXPECT_EQ(nearest_decimal(0.1 + 0.2), 0.3);
  EXPECT_EQ(nearest_decimal(1.0 / 3), 1.0 / 3);
  EXPECT_EQ(nearest_decimal(1e300), 1e300);
}

}  // namespace
}  // namespace revenue
