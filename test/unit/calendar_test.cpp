#include "core/recurring/calendar.hpp"

#include "recurring_support.hpp"

namespace revenue::recurring {
namespace {

using test::date;

Date start(const Calendar& calendar, Date day) {
  return calendar.start_of(calendar.number_of(day));
}

TEST(Calendar, StartsOfPeriods) {
  EXPECT_EQ(start({PeriodUnit::day}, date(2024, 2, 29)), date(2024, 2, 29));
  EXPECT_EQ(start({PeriodUnit::week}, date(2024, 2, 29)), date(2024, 2, 26));
  EXPECT_EQ(start({PeriodUnit::week, 7}, date(2024, 2, 29)), date(2024, 2, 25));
  EXPECT_EQ(start({PeriodUnit::week, 4}, date(2024, 2, 29)), date(2024, 2, 29));
  EXPECT_EQ(start({PeriodUnit::month}, date(2024, 2, 29)), date(2024, 2, 1));
  EXPECT_EQ(start({PeriodUnit::quarter}, date(2024, 2, 29)), date(2024, 1, 1));
  EXPECT_EQ(start({PeriodUnit::quarter, 1, 2}, date(2024, 1, 31)), date(2023, 11, 1));
  EXPECT_EQ(start({PeriodUnit::quarter, 1, 2}, date(2024, 2, 1)), date(2024, 2, 1));
  EXPECT_EQ(start({PeriodUnit::year}, date(2024, 2, 29)), date(2024, 1, 1));
  EXPECT_EQ(start({PeriodUnit::year, 1, 4}, date(2024, 3, 31)), date(2023, 4, 1));
  EXPECT_EQ(start({PeriodUnit::month}, kFirstDay), kFirstDay);
  EXPECT_EQ(start({PeriodUnit::month}, kLastDay), date(9999, 12, 1));
}

// A period begins the day after the one before it ends, for every unit and every day.
TEST(Calendar, PeriodsFollowEachOther) {
  for (const auto unit : {PeriodUnit::day, PeriodUnit::week, PeriodUnit::month, PeriodUnit::quarter,
                          PeriodUnit::year})
    for (std::int32_t shift = 1; shift <= 7; ++shift) {
      const Calendar calendar{unit, shift, shift};
      std::int32_t number = calendar.number_of(kFirstDay);
      for (Date day = kFirstDay; day < Date{kFirstDay.days + 5000}; ++day.days) {
        if (day == calendar.start_of(number + 1)) ++number;
        ASSERT_EQ(calendar.number_of(day), number);
      }
      EXPECT_LE(calendar.start_of(calendar.number_of(kLastDay)), kLastDay);
      EXPECT_GT(calendar.start_of(calendar.number_of(kLastDay) + 1), kLastDay);
    }
}

TEST(Calendar, Names) {
  EXPECT_EQ(period_unit_from("week"), PeriodUnit::week);
  const auto error = test::error_of([] { period_unit_from("Month"); });
  EXPECT_EQ(error->message, "unknown period \"Month\"");
}

}  // namespace
}  // namespace revenue::recurring
