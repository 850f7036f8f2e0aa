#include "core/anomaly/calendar.hpp"

#include <algorithm>
#include <vector>

#include "core/foundation/time.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kFirstMonday = 2;  // 2000-01-03

std::int64_t usual_step(std::span<const std::int64_t> times) {
  std::vector<std::int64_t> steps;
  for (std::size_t i = 1; i < times.size(); ++i)
    if (times[i] > times[i - 1]) steps.push_back(times[i] - times[i - 1]);
  if (steps.empty()) return kDay;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

// Events at any time of the day are gathered by day; only what keeps to a beat is watched by it.
bool keeps_a_beat(std::span<const std::int64_t> times, std::int64_t step) {
  std::size_t off = 0;
  for (std::size_t i = 1; i < times.size(); ++i) off += (times[i] - times[i - 1]) % step != 0;
  return off * 10 <= times.size();
}

Grain grain_for(std::span<const std::int64_t> times, std::int64_t step) {
  const auto days_apart = static_cast<double>(step) / static_cast<double>(kDay);
  if (days_apart < 0.9) return keeps_a_beat(times, step) ? Grain::part_of_day : Grain::day;
  if (days_apart < 5) return Grain::day;
  if (days_apart < 20) return Grain::week;
  if (days_apart < 60) return Grain::month;
  return days_apart < 200 ? Grain::quarter : Grain::year;
}

}  // namespace

std::uint8_t Calendar::append(std::size_t count, double size) {
  const std::uint8_t first = count_;
  for (std::size_t i = 0; i < count; ++i) sizes_[count_++] = size;
  return first;
}

Calendar::Calendar(std::span<const std::int64_t> times, const DetectorOptions& options)
    : plain_(!options.business_calendar), fiscal_year_start_(options.fiscal_year_start) {
  step_ = usual_step(times);
  grain_ = options.grain ? *options.grain : grain_for(times, step_);
  if (plain_) return;
  constexpr double kWeekday = 1;
  constexpr double kHourOfDay = 0.5;
  constexpr double kMonthEnd = 0.5;
  constexpr double kMonthStart = 0.2;
  constexpr double kQuarterEnd = 0.25;
  constexpr double kMonth = 0.1;
  constexpr double kYearTurn = 0.5;
  constexpr double kHoliday = 1;
  switch (grain_) {
    case Grain::part_of_day:
      weekdays_ = append(7, kWeekday);
      hours_ = append(24, kHourOfDay);
      break;
    case Grain::day:
      weekdays_ = append(7, kWeekday);
      month_ends_ = append(3, kMonthEnd);
      month_starts_ = append(2, kMonthStart);
      month_middle_ = append(1, kMonthStart);
      quarter_ends_ = append(3, kQuarterEnd);
      year_turn_ = append(4, kYearTurn);
      holidays_ = append(options.holiday_count, kHoliday);
      break;
    case Grain::week:
      months_ = append(12, kMonth);
      month_ends_ = append(1, kMonthEnd);
      quarter_ends_ = append(1, kQuarterEnd);
      break;
    case Grain::month:
      months_ = append(12, kMonth);
      quarter_ends_ = append(1, kQuarterEnd);
      break;
    case Grain::quarter:
      months_ = append(4, kMonth);
      break;
    case Grain::year:
      break;
  }
  date_count_ = options.date_count;
  dates_ = options.dates;
}

std::int64_t Calendar::period_of(std::int64_t time) const {
  const std::int64_t day = floor_div(time, kDay);
  switch (grain_) {
    case Grain::part_of_day:
      return floor_div(time, step_);
    case Grain::day:
      return day;
    case Grain::week:
      return floor_div(day - kFirstMonday, 7);
    case Grain::month:
      return month_index(day);
    case Grain::quarter:
      return floor_div(month_index(day), 3);
    default:
      return floor_div(month_index(day), 12);
  }
}

std::int64_t Calendar::start_of(std::int64_t period) const {
  switch (grain_) {
    case Grain::part_of_day:
      return period * step_;
    case Grain::day:
      return period * kDay;
    case Grain::week:
      return (7 * period + kFirstMonday) * kDay;
    case Grain::month:
      return first_of_month(period) * kDay;
    case Grain::quarter:
      return first_of_month(3 * period) * kDay;
    default:
      return first_of_month(12 * period) * kDay;
  }
}

PeriodEffects Calendar::effects_of_day(std::int64_t day) const {
  PeriodEffects effects;
  effects.weekday = static_cast<std::uint8_t>(weekday_of(day));
  effects.add(weekdays_ + std::size_t{effects.weekday});

  const Civil date = civil_of(day);
  const auto day_of_month = static_cast<unsigned>(date.day);
  const auto month = static_cast<unsigned>(date.month);
  const auto left = static_cast<unsigned>(days_in_month(date.year, date.month) - date.day);
  if (left < 3) {
    effects.add(month_ends_ + left);
    const unsigned since_start = (month + 12 - static_cast<unsigned>(fiscal_year_start_)) % 12;
    if (since_start % 3 == 2) effects.add(quarter_ends_ + left);
    effects.special = true;
  } else if (day_of_month <= 2) {
    effects.add(month_starts_ + day_of_month - 1);
    effects.special = true;
  } else if (day_of_month == 15) {
    effects.add(month_middle_);
    effects.special = true;
  }
  // The days on which business stands still nearly everywhere, whether holidays are told or not.
  const int turn = month == 12 && day_of_month == 24                           ? 0
                   : month == 12 && (day_of_month == 25 || day_of_month == 26) ? 1
                   : month == 12 && day_of_month == 31                         ? 2
                   : month == 1 && day_of_month == 1                           ? 3
                                                                               : -1;
  if (turn >= 0) {
    effects.add(year_turn_ + static_cast<std::size_t>(turn));
    effects.special = true;
  }
  const auto end = dates_.begin() + date_count_;
  const auto found = std::lower_bound(dates_.begin(), end, day, [](const auto& date, std::int64_t d) { return date.day < d; });
  if (found != end && found->day == day) {
    effects.add(holidays_ + std::size_t{found->kind});
    effects.special = true;
  }
  return effects;
}

PeriodEffects Calendar::effects_of(std::int64_t period) const {
  PeriodEffects effects;
  if (plain_) return effects;
  switch (grain_) {
    case Grain::part_of_day: {
      const std::int64_t time = period * step_;
      const std::int64_t day = floor_div(time, kDay);
      effects.weekday = static_cast<std::uint8_t>(weekday_of(day));
      effects.add(weekdays_ + std::size_t{effects.weekday});
      effects.add(hours_ + static_cast<std::size_t>((time - day * kDay) / kHour));
      break;
    }
    case Grain::day:
      return effects_of_day(period);
    case Grain::week: {
      const std::int64_t last = 7 * period + kFirstMonday + 6;
      const std::int64_t month = month_index(last);
      effects.add(months_ + static_cast<std::size_t>(floor_mod(month, 12)));
      const std::int64_t next = month_index(last + 1);
      const std::int64_t first = month_index(last - 6);
      if (next != first) {  // the last day of a month is in it
        effects.add(month_ends_);
        if ((floor_mod(first, 12) + 13 - fiscal_year_start_) % 3 == 2) effects.add(quarter_ends_);
      }
      break;
    }
    case Grain::month: {
      const std::int64_t in_year = floor_mod(period, 12);
      effects.add(months_ + static_cast<std::size_t>(in_year));
      if ((in_year + 13 - fiscal_year_start_) % 3 == 2) effects.add(quarter_ends_);
      break;
    }
    case Grain::quarter:
      effects.add(months_ + static_cast<std::size_t>(floor_mod(period, 4)));
      break;
    case Grain::year:
      break;
  }
  return effects;
}

double Calendar::points_in(double span) const {
  switch (grain_) {
    case Grain::part_of_day:
      return span * static_cast<double>(kDay) / static_cast<double>(step_);
    case Grain::day:
      return span;
    case Grain::week:
      return span / 7;
    case Grain::month:
      return span / 30.4375;
    case Grain::quarter:
      return span / 91.3125;
    default:
      return span / 365.25;
  }
}

std::string Calendar::name_of(std::size_t effect) const {
  static constexpr std::array kWeekdays{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  static constexpr std::array kMonths{"January", "February", "March",     "April",   "May",      "June",
                                      "July",    "August",   "September", "October", "November", "December"};
  static constexpr std::array kMonthEnds{"last day of the month", "last day but one of the month",
                                         "last day but two of the month"};
  static constexpr std::array kQuarterEnds{"last day of a quarter, more", "last day but one of a quarter, more",
                                           "last day but two of a quarter, more"};
  static constexpr std::array kMonthStarts{"first day of the month", "second day of the month"};
  static constexpr std::array kYearTurns{"24 December", "25 and 26 December", "31 December", "1 January"};
  const bool daily = grain_ == Grain::day;
  if (grain_ == Grain::quarter) return "quarter " + std::to_string(effect + 1);
  if (daily || grain_ == Grain::part_of_day) {
    if (effect < 7) return kWeekdays[effect];
    if (!daily) return "hour " + std::to_string(effect - hours_);
    if (effect < month_starts_) return kMonthEnds[effect - month_ends_];
    if (effect < month_middle_) return kMonthStarts[effect - month_starts_];
    if (effect < quarter_ends_) return "15th day of the month";
    if (effect < year_turn_) return kQuarterEnds[effect - quarter_ends_];
    if (effect < holidays_) return kYearTurns[effect - year_turn_];
    return "holiday " + std::to_string(effect - holidays_ + 1);
  }
  if (effect < months_ + 12U) return kMonths[effect - months_];
  if (grain_ == Grain::week && effect == month_ends_) return "week of the month's end";
  return grain_ == Grain::week ? "week of the quarter's end" : "last month of a quarter";
}

}  // namespace revenue::anomaly
