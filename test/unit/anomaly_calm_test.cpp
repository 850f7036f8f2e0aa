// Nothing is wrong with any of these series, and hardly any of their days may be called an anomaly.

#include <chrono>
#include <cmath>
#include <functional>
#include <memory_resource>
#include <numeric>
#include <optional>
#include <random>

#include "core/anomaly/anomaly_score.hpp"
#include "core/anomaly/count_tail.hpp"
#include "core/anomaly/detector_model.hpp"
#include "support.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr int kFirstDay = 8'036;  // 2022-01-01
constexpr int kDays = 730;
constexpr int kBaseline = 90;

class Luck {
 public:
  explicit Luck(std::uint64_t seed) : random_(seed) {}
  bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  double normal() { return std::normal_distribution<double>()(random_); }
  double poisson(double mean) { return static_cast<double>(std::poisson_distribution<int>(mean)(random_)); }

 private:
  std::mt19937_64 random_;
};

// The value of each day; nothing where the day has no row.
using Day = std::function<std::optional<double>(Luck&, int day)>;

bool weekend(int day) { return (kFirstDay + day - 2) % 7 >= 5; }  // 2000-01-03 was a Monday

unsigned day_of_month(int day) {
  using namespace std::chrono;
  return static_cast<unsigned>(year_month_day{sys_days{year{2000} / January / 1} + days{kFirstDay + day}}.day());
}

DetectorModel model_of(const Day& of_day, std::uint64_t seed, int days = kDays) {
  Luck luck(seed);
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  for (int day = 0; day < days; ++day)
    if (const std::optional<double> value = of_day(luck, day)) state.add({(kFirstDay + day) * kDay}, value);
  return state.result();
}

double alarms_a_year(const Day& of_day, const std::function<bool(int)>& counts = [](int) { return true; }, int from = kBaseline) {
  constexpr int kSeries = 20;
  int alarms = 0;
  for (int seed = 1; seed <= kSeries; ++seed)
    for (const DetectedPoint& point : detect(model_of(of_day, static_cast<std::uint64_t>(seed)), "medium", no_poll)) {
      const auto day = static_cast<int>(point.ts.micros / kDay) - kFirstDay;
      alarms += point.is_anomaly && day >= from && counts(day);
    }
  return alarms * 365.25 / (kSeries * (kDays - from));
}

constexpr double kFew = 1.5;  // a year

TEST(CalmSeries, Counts) {
  for (const double mean : {0.1, 0.3, 1.0, 3.0, 10.0, 30.0}) {
    EXPECT_LE(alarms_a_year([&](Luck& luck, int) { return luck.poisson(mean); }), kFew) << mean;
    EXPECT_LE(alarms_a_year([&](Luck& luck, int day) { return luck.poisson(weekend(day) ? mean / 10 : mean); }), kFew) << mean;
    EXPECT_LE(alarms_a_year([&](Luck& luck, int day) { return weekend(day) ? 0 : luck.poisson(mean); }), kFew) << mean;
  }
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) { return luck.poisson(std::exp(0.006 * day)); }), kFew);
}

TEST(CalmSeries, Steady) {
  EXPECT_EQ(alarms_a_year([](Luck&, int) { return 42.5; }), 0);
  EXPECT_EQ(alarms_a_year([](Luck&, int) { return 0; }), 0);
  EXPECT_LE(alarms_a_year([](Luck& luck, int) { return 100 + luck.chance(0.05); }), kFew);
}

TEST(CalmSeries, Growth) {
  for (const double rate : {-0.0033, 0.0033, 0.009})
    EXPECT_LE(alarms_a_year([&](Luck& luck, int day) { return 1000 * std::exp(rate * day + 0.08 * luck.normal()) * (weekend(day) ? 0.5 : 1); }), kFew)
        << rate;
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) { return 100 + 10 * day + 30 * luck.normal(); }), kFew);
}

// The same amount every day, with noise of up to a day's growth; the days of the baseline count too.
TEST(CalmSeries, Lines) {
  constexpr double kSlope = 100;
  const auto all = [](int) { return true; };
  for (const double start : {100.0, 1e3, 1e4, 1e5, 1e6})
    for (const double noise : {0.0, 0.05, 0.2, 0.5, 1.0})
      for (const double direction : {1.0, -1.0})
        if (start + direction * kSlope * kDays > 0)
          EXPECT_LE(alarms_a_year(
                        [&](Luck& luck, int day) { return start + kSlope * (direction * day + noise * luck.normal()); }, all, 0),
                    2)
              << start << " " << noise << " " << direction;
}

TEST(CalmSeries, WavesAndWalks) {
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) { return 1000 * std::exp(0.4 * std::sin(day / 58.1) + 0.06 * luck.normal()); }), kFew);
  double walk = 0;
  const auto walking = [&](double step, double noise) {
    return [&walk, step, noise](Luck& luck, int day) {
      walk = day == 0 ? 0 : walk + step * luck.normal();
      return 1000 * std::exp(walk + noise * luck.normal());
    };
  };
  EXPECT_LE(alarms_a_year(walking(0.01, 0)), kFew);
  EXPECT_LE(alarms_a_year(walking(0.01, 0.03)), 2);
  EXPECT_LE(alarms_a_year([&walk](Luck& luck, int day) {
    walk = day == 0 ? 0 : 0.85 * walk + 0.03 * luck.normal();
    return 1000 * std::exp(walk);
  }), kFew);
}

// Such as recurring revenue, of which few customers move a day, or none.
TEST(CalmSeries, Stocks) {
  double stock = 0;
  const auto moving = [&](double share, double trend) {
    return [&stock, share, trend](Luck& luck, int day) {
      if (day == 0) stock = 1e5;
      if (luck.chance(share)) stock *= 1 + trend + 0.01 * luck.normal();
      return stock;
    };
  };
  for (const double share : {0.02, 0.05, 0.2, 0.4}) EXPECT_LE(alarms_a_year(moving(share, 0)), kFew) << share;
  EXPECT_LE(alarms_a_year(moving(1, 0.001)), kFew);
}

TEST(CalmSeries, DaysWithoutARow) {
  for (const double share : {0.05, 0.1, 0.4})
    EXPECT_LE(alarms_a_year([&](Luck& luck, int) -> std::optional<double> {
      if (luck.chance(share)) return std::nullopt;
      return 1000 * std::exp(0.08 * luck.normal());
    }), kFew) << share;
}

TEST(CalmSeries, BillingDays) {
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) {
    const unsigned of_month = day_of_month(day);
    return 1000 * std::exp(0.08 * luck.normal()) * (of_month == 1 || of_month == 15 ? 4 : 1);
  }), kFew);
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) {
    return day_of_month(day) == 1 ? 5e4 * std::exp(0.1 * luck.normal()) : 1e3 * std::exp(0.3 * luck.normal());
  }), kFew);
}

TEST(CalmSeries, AfterWhatWasOne) {
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) { return 1000 * std::exp(0.05 * luck.normal() + (day % 60 == 45 ? 1 : 0)); },
                          [](int day) { return day % 60 != 45; }), kFew);
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) { return 1000 * std::exp(0.05 * luck.normal() + 0.4 * (day / 120 % 2)); },
                          [](int day) { return day % 120 >= 7; }), kFew);
  // Weekends become like other days: that is told for some weeks, and then believed.
  EXPECT_LE(alarms_a_year([](Luck& luck, int day) { return 1000 * std::exp(0.05 * luck.normal()) * (weekend(day) && day < 300 ? 0.5 : 1); },
                          [](int day) { return day < 300 || day >= 330; }), kFew);
}

// What is launched after a quarter of nothing has no past to be judged by; it is learned anew, and the window
// function says the same.
TEST(CalmSeries, BeginsAnewWhereNothingFits) {
  const Day launch = [](Luck& luck, int day) { return day <= 100 ? 0 : luck.poisson(std::min(200.0, 2.0 * (day - 100))); };
  EXPECT_LE(alarms_a_year(launch, [](int day) { return day >= 250; }), kFew);
  const auto points = detect(model_of(launch, 1), "medium", no_poll);
  std::pmr::monotonic_buffer_resource memory;
  AnomalyScore score(&memory);
  int compared = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    score.add(points[i].ts, points[i].value);
    const std::optional<double> latest = score.result(no_poll);
    compared += latest.has_value();
    if (latest) {
      EXPECT_EQ(latest, points[i].score) << i;
    }
  }
  EXPECT_GT(compared, 400);
}

TEST(CountTail, IsTheProbabilityOfTheCount) {
  EXPECT_NEAR(count_deviation(0, 3, 0), -1.9624, 1e-3);  // exp(-3) / 2 = 0.0249
  EXPECT_NEAR(count_deviation(0, 2, 0.5), -1.1503, 1e-3);  // of a negative binomial 1 / 2^2, half of it 0.125
  EXPECT_NEAR(count_deviation(1, 0.1, 0), 1.6456, 1e-3);
  for (const double mean : {0.02, 0.5, 4.0, 25.0})
    for (const double extra : {0.0, 0.3}) {
      double before = -40;
      for (int count = 0; count < 60; ++count) {
        const double deviation = count_deviation(count, mean, extra);
        EXPECT_GT(deviation, before) << mean << " " << count;
        before = deviation;
      }
      const double upper = count_at(3.5, mean, extra);
      EXPECT_GE(count_deviation(upper, mean, extra), 3.5);
      EXPECT_LT(count_deviation(upper - 1, mean, extra), 3.5);
    }
  EXPECT_LT(count_deviation(1e12, 1, 0), 40);
  EXPECT_EQ(count_at(-3.5, 4, 0), 0);  // none is so few
}

}  // namespace
}  // namespace revenue::anomaly
