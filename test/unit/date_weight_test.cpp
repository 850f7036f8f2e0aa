#include "core/scoring/date_weight.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/foundation/error.hpp"

namespace revenue::scoring {
namespace {

TEST(DateWeight, IsWholeUntilTheDateAndHalvesAfterIt) {
  EXPECT_EQ(date_weight(std::nullopt), 1);
  EXPECT_EQ(date_weight(30), 1);
  EXPECT_EQ(date_weight(0), 1);
  EXPECT_DOUBLE_EQ(date_weight(-45), 0.5);
  EXPECT_DOUBLE_EQ(date_weight(-90), 0.25);
  EXPECT_LT(date_weight(-1), 1);
}

TEST(DateWeight, TakesItsHalfLifeFromTheFramework) {
  Framework framework;
  framework.forecast.overdue_half_life_days = 10;
  EXPECT_DOUBLE_EQ(date_weight(-10, CompiledFramework(framework)), 0.5);
  framework.forecast.overdue_half_life_days = 0;
  EXPECT_THROW(CompiledFramework{framework}, Error);
}

TEST(DateWeight, RefusesWhatIsNoNumberOfDays) {
  EXPECT_THROW(date_weight(std::numeric_limits<double>::quiet_NaN()), Error);
  EXPECT_THROW(date_weight(-std::numeric_limits<double>::infinity()), Error);
}

}  // namespace
}  // namespace revenue::scoring
