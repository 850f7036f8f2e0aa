#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

/// Labelled daily series as businesses have them, made from a seed. What is in them:
///
/// - 730 to 1,095 days; a level from 30 to 300,000; a trend of -20 to +60 % a year; a yearly wave of
///   up to 12 %; a level that wanders by up to 0.8 % a day.
/// - weekdays: half of the series lose 45 to 90 % at weekends, the others vary by up to 25 %.
/// - month ends (60 %): +10 to +120 % on the last day, less on the one or two before. Quarter ends
///   (35 %): +5 to +50 % more. Starts of months (25 %): +8 to +60 %.
/// - days around Christmas and New Year (60 %): 30 to 85 % of the usual, which is no anomaly.
/// - noise of 3 to 12 %, for a third of the series with heavy tails (t, 4 degrees of freedom), for
///   half of them autocorrelated (up to 0.45); small levels are counts with Poisson noise.
/// - anomalies, about five a year: single days (60 %) off by 4 to 9 standard deviations of the
///   noise, incidents of two or three days (12 %) off by 3.5 to 7, days on which nearly nothing
///   arrived (8 %), and level shifts (20 %) of 3 to 8 standard deviations that stay. The first 90
///   days have them as well.
///
/// A label is a window of days: the days of an incident; of a level shift its first seven.
namespace revenue::bench {

inline constexpr std::uint64_t kSeed = 20'261'124;
inline constexpr int kSeries = 600;
inline constexpr int kBaselineDays = 90;

struct LabelledSeries {
  struct Window {
    int first;  ///< index of a day
    int last;
    const char* kind;  ///< spike, incident, outage or shift
  };
  std::int32_t first_day = 0;  ///< days since 2000-01-01
  std::vector<double> values;
  std::vector<Window> windows;  ///< in order, apart
  bool heavy_tails = false;
};

class SeriesGenerator {
 public:
  explicit SeriesGenerator(std::uint64_t seed) : random_(seed) {}

  LabelledSeries next() {
    LabelledSeries series;
    const int days = static_cast<int>(between(730, 1096));
    series.first_day = static_cast<std::int32_t>(between(6'575, 8'770));  // 2018 to 2023
    const double level = std::exp(between(std::log(30), std::log(300'000)));
    const bool counts = level < 300 || chance(0.2);
    const double sigma = between(0.03, 0.12);
    const bool heavy = chance(1.0 / 3);
    series.heavy_tails = heavy;
    const double memory = chance(0.5) ? between(0, 0.45) : 0;
    const double trend = std::log1p(between(-0.2, 0.6)) / 365;
    const double wave = between(0, 0.12);
    const double phase = between(0, 2 * std::numbers::pi);
    const double wander = between(0, 0.008);
    draw_calendar();

    std::vector<double> anomaly(static_cast<std::size_t>(days));
    std::vector<bool> outage(static_cast<std::size_t>(days));
    // Noise of the day as it shows in the values, so that an anomaly is as large as it says.
    const double usual_count = level * 0.7;
    const double spread = std::sqrt(sigma * sigma + (counts ? 1 / usual_count : 0));
    draw_anomalies(series, spread, anomaly, outage);

    double drift = 0;
    double noise = 0;
    for (int day = 0; day < days; ++day) {
      drift += wander * normal();
      const double fresh = heavy ? student4() / std::numbers::sqrt2 : normal();
      noise = memory * noise + std::sqrt(1 - memory * memory) * sigma * fresh;
      const double mean = std::log(level) + trend * day + wave * std::sin(phase + 2 * std::numbers::pi * day / 365.25) +
                          drift + calendar(series.first_day + day);
      const auto at = static_cast<std::size_t>(day);
      double value = std::exp(mean + noise + anomaly[at]);
      if (outage[at]) value *= between(0, 0.04);
      series.values.push_back(counts ? poisson(value) : std::round(value * 100) / 100);
    }
    return series;
  }

 private:
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1.0p-53; }
  double between(double from, double to) { return from + (to - from) * uniform(); }
  bool chance(double p) { return uniform() < p; }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }
  double student4() {
    const double chi = -2 * std::log(uniform() * uniform());
    return normal() / std::sqrt(chi / 4);
  }
  double poisson(double mean) {
    if (mean > 200) return std::max(std::round(mean + std::sqrt(mean) * normal()), 0.0);
    double product = uniform();
    double count = 0;
    for (const double end = std::exp(-mean); product > end; ++count) product *= uniform();
    return count;
  }

  void draw_calendar() {
    const bool quiet_weekends = chance(0.5);
    for (int day = 0; day < 7; ++day) {
      weekday_[day] = between(-0.08, 0.08);
      if (quiet_weekends && day >= 5) weekday_[day] = std::log(between(0.1, 0.55));
      if (!quiet_weekends) weekday_[day] = between(-0.25, 0.25);
    }
    const double end = chance(0.6) ? std::log1p(between(0.1, 1.2)) : 0;
    const int length = static_cast<int>(between(1, 4));
    for (int left = 0; left < 3; ++left) month_end_[left] = left < length ? end / (1 + left) : 0;
    quarter_end_ = end > 0 && chance(0.6) ? std::log1p(between(0.05, 0.5)) : 0;
    month_start_ = chance(0.25) ? std::log1p(between(0.08, 0.6)) : 0;
    christmas_ = chance(0.6) ? std::log(between(0.3, 0.85)) : 0;
  }

  double calendar(std::int32_t day) const {
    using namespace std::chrono;
    const sys_days date = sys_days{year{2000} / January / 1} + days{day};
    const year_month_day parts{date};
    const unsigned last = static_cast<unsigned>((parts.year() / parts.month() / std::chrono::last).day());
    const unsigned left = last - static_cast<unsigned>(parts.day());
    const auto month = static_cast<unsigned>(parts.month());
    const auto of_month = static_cast<unsigned>(parts.day());
    double effect = weekday_[weekday{date}.iso_encoding() - 1];
    if (left < 3) effect += month_end_[left] + (month % 3 == 0 ? quarter_end_ / (1 + left) : 0);
    if (of_month == 1) effect += month_start_;
    if ((month == 12 && of_month >= 24 && of_month <= 26) || (month == 1 && of_month == 1)) effect += christmas_;
    return effect;
  }

  void draw_anomalies(LabelledSeries& series, double spread, std::vector<double>& anomaly, std::vector<bool>& outage) {
    const int days = static_cast<int>(anomaly.size());
    constexpr int kApart = 14;
    for (int day = static_cast<int>(between(5, 60)); day < days - 8;) {
      const double sign = chance(0.5) ? 1 : -1;
      const double kind = uniform();
      const auto at = static_cast<std::size_t>(day);
      int last = day;
      if (kind < 0.6) {
        anomaly[at] += sign * spread * between(4, 9);
        series.windows.push_back({day, day, "spike"});
      } else if (kind < 0.72) {
        last = day + static_cast<int>(between(1, 3));
        const double size = sign * spread * between(3.5, 7);
        for (int d = day; d <= last; ++d) anomaly[static_cast<std::size_t>(d)] += size;
        series.windows.push_back({day, last, "incident"});
      } else if (kind < 0.8) {
        outage[at] = true;
        series.windows.push_back({day, day, "outage"});
      } else {
        last = day + 6;
        const double size = sign * spread * between(3, 8);
        for (int d = day; d < days; ++d) anomaly[static_cast<std::size_t>(d)] += size;
        series.windows.push_back({day, last, "shift"});
      }
      day = last + kApart + static_cast<int>(-59 * std::log(uniform()));
    }
  }

  std::mt19937_64 random_;
  double weekday_[7]{};
  double month_end_[3]{};
  double quarter_end_ = 0;
  double month_start_ = 0;
  double christmas_ = 0;
};

/// What the detector said of labelled days: a window counts once, and every day that was flagged
/// outside the windows is a false alarm.
struct DetectionScore {
  int found = 0;
  int missed = 0;
  int false_alarms = 0;
  double years = 0;

  void add(const LabelledSeries& series, const std::vector<bool>& flagged, int from) {
    std::vector<bool> labelled(flagged.size());
    for (const auto& window : series.windows) {
      if (window.last < from) continue;
      bool hit = false;
      for (int day = window.first; day <= window.last; ++day) {
        labelled[static_cast<std::size_t>(day)] = true;
        hit = hit || flagged[static_cast<std::size_t>(day)];
      }
      (hit ? found : missed) += 1;
    }
    for (auto day = static_cast<std::size_t>(from); day < flagged.size(); ++day)
      false_alarms += flagged[day] && !labelled[day];
    years += static_cast<double>(static_cast<int>(flagged.size()) - from) / 365.25;
  }
  double precision() const { return found + false_alarms == 0 ? 0 : static_cast<double>(found) / (found + false_alarms); }
  double recall() const { return found + missed == 0 ? 0 : static_cast<double>(found) / (found + missed); }
  double f1() const { return 2.0 * found / (2 * found + false_alarms + missed); }
  double false_alarms_a_year() const { return false_alarms / years; }
};

}  // namespace revenue::bench
