#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/anomaly/options.hpp"

namespace revenue::anomaly {

/// What makes a period unlike others: indices of effects that add up in it.
struct PeriodEffects {
  std::array<std::uint8_t, 6> index{};
  std::uint8_t count = 0;
  std::uint8_t weekday = 0;  ///< Monday = 0; 0 for all periods that are not days or parts of one
  bool special = false;      ///< another effect than the weekday or the month of the year

  void add(std::size_t effect) { index[count++] = static_cast<std::uint8_t>(effect); }
  std::size_t last() const { return index[count - 1U]; }  ///< the rarest one
};

/// The periods of a series and their effects. Periods are numbered in the order of time, without
/// gaps; what their first one is depends on the grain alone.
class Calendar {
 public:
  static constexpr std::size_t kMostEffects = 40;

  Calendar() = default;

  /// The grain is that of the usual distance of `times`: local wall-clock time in microseconds
  /// since 2000-01-01, rising.
  Calendar(std::span<const std::int64_t> times, const DetectorOptions& options);

  Grain grain() const { return grain_; }
  std::int64_t period_of(std::int64_t time) const;
  PeriodEffects effects_of(std::int64_t period) const;
  std::size_t effects() const { return count_; }

  /// The standard deviation that is expected of an effect before anything is known of it, as a
  /// share of the level.
  double usual_size(std::size_t effect) const { return sizes_[effect]; }

  /// How many periods so many days hold.
  double points_in(double days) const;

  /// What an effect is of, such as "Saturday" or "last day of the month".
  std::string name_of(std::size_t effect) const;

  /// Where a period begins, local wall-clock time.
  std::int64_t start_of(std::int64_t period) const;

 private:
  std::uint8_t append(std::size_t count, double size);
  PeriodEffects effects_of_day(std::int64_t day) const;

  Grain grain_ = Grain::day;
  bool plain_ = false;
  std::int64_t step_ = 0;  // of parts of a day
  std::int32_t fiscal_year_start_ = 1;
  std::array<double, kMostEffects> sizes_{};
  std::uint8_t count_ = 0;
  std::uint8_t weekdays_ = 0;
  std::uint8_t hours_ = 0;
  std::uint8_t months_ = 0;
  std::uint8_t month_ends_ = 0;
  std::uint8_t month_starts_ = 0;
  std::uint8_t month_middle_ = 0;
  std::uint8_t quarter_ends_ = 0;
  std::uint8_t year_turn_ = 0;
  std::uint8_t holidays_ = 0;
  std::uint16_t date_count_ = 0;
  std::array<DetectorOptions::HolidayDate, DetectorOptions::kMostDates> dates_{};
};

}  // namespace revenue::anomaly
