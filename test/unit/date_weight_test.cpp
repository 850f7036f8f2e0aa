#include "core/scoring/date_weight.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;

TEST(DateWeight, HalvesWithEachHalfLifePastTheDate) {
  const double half_life = builtin_framework().forecast.overdue_half_life_days;
  EXPECT_EQ(date_weight({}), 1);
  EXPECT_EQ(date_weight(0), 1);
  EXPECT_EQ(date_weight(300), 1);
  EXPECT_EQ(date_weight(-half_life), 0.5);
  EXPECT_EQ(date_weight(-3 * half_life), 0.125);
}

TEST(DateWeight, BadInput) {
  for (const double bad : {-1e7, 1e7, test::kNaN, test::kInfinity, -test::kInfinity})
    expect_invalid("days_to_close_date", [bad] { date_weight(bad); });
}

}  // namespace
}  // namespace revenue::scoring
