#include "core/forecast/series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "core/foundation/error.hpp"

namespace revenue::forecast {

namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

struct Inferred {
  Calendar calendar;
  bool irregular = false;
};

bool is_month_end(const Civil& civil) { return civil.day == days_in_month(civil.year, civil.month); }

// The part of the calendar within a period, where the days agree on it.
void place_in_month(std::span<const std::int64_t> days, Calendar& calendar, std::int64_t months) {
  bool ends = true;
  bool same = true;
  int most = 0;
  for (const std::int64_t day : days) most = std::max(most, civil_of(day).day);
  for (const std::int64_t day : days) {
    const Civil civil = civil_of(day);
    ends = ends && is_month_end(civil);
    same = same && civil.day == std::min(most, days_in_month(civil.year, civil.month));
  }
  const std::int64_t month = civil_of(days.back()).month - 1;
  // A quarter that is dated by its last day began two months before.
  calendar.phase = static_cast<std::int32_t>((ends ? month + 1 : month) % months);
  calendar.position = ends ? Calendar::kLastDay : same ? most - 1 : 0;
}

std::int64_t gcd_of_steps(std::span<const std::int64_t> sorted) {
  std::int64_t step = 0;
  for (std::size_t i = 1; i < sorted.size(); ++i) step = std::gcd(step, sorted[i] - sorted[i - 1]);
  return step;
}

// Share of the periods of this length that have a day in them.
double filled(std::span<const std::int64_t> days, const Calendar& calendar) {
  std::int64_t periods = 0;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  const auto index = [&](std::int64_t day) { return calendar.index_of({day * kMicrosPerDay}); };
  for (const std::int64_t day : days)
    if (const std::int64_t now = index(day); now != last) ++periods, last = now;
  return static_cast<double>(periods) / static_cast<double>(index(days.back()) - index(days.front()) + 1);
}

Inferred infer(std::span<const Observation> observations) {
  std::vector<std::int64_t> days;
  bool one_a_day = true;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    const std::int64_t day = day_of(observations[i].at);
    if (days.empty() || days.back() != day) days.push_back(day);
    else one_a_day = one_a_day && observations[i].at == observations[i - 1].at;
  }
  Inferred found;
  Calendar& calendar = found.calendar;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> months;
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (i > 0) least = std::min(least, days[i] - days[i - 1]);
    months.push_back(month_index(days[i]));
  }
  const bool months_differ = std::adjacent_find(months.begin(), months.end()) == months.end();
  constexpr std::int64_t kShortMonth = 26;  // between working days of months
  if (one_a_day && months_differ && least >= kShortMonth) {
    const std::int64_t step = gcd_of_steps(months);
    calendar.period = step > 0 && step % 12 == 0 ? Period::year
                      : step > 0 && step % 3 == 0 ? Period::quarter
                                                  : Period::month;
    place_in_month(days, calendar, calendar.period == Period::year ? 12 : calendar.period == Period::quarter ? 3 : 1);
    return found;
  }
  if (one_a_day && gcd_of_steps(days) % 7 == 0) {
    calendar.period = Period::week;
    calendar.phase = weekday_of(days.back());
    return found;
  }
  const bool no_weekend = std::none_of(days.begin(), days.end(), [](std::int64_t day) { return weekday_of(day) > 4; });
  calendar.period = no_weekend && days.size() >= 10 ? Period::workday : Period::day;
  constexpr double kMostlyFilled = 0.5;
  if (filled(days, calendar) >= kMostlyFilled) return found;
  found.irregular = true;
  calendar.period = Period::week;
  if (filled(days, calendar) < kMostlyFilled) calendar.period = Period::month;
  return found;
}

void apply(const SeriesOptions& options, Inferred& inferred) {
  Calendar& calendar = inferred.calendar;
  if (!options.period) return;
  const bool same = *options.period == calendar.period && !inferred.irregular;
  calendar.period = *options.period;
  inferred.irregular = false;
  if (same && options.first_month == 1 && options.first_weekday == 1) return;
  calendar.position = 0;
  calendar.phase = 0;
  if (calendar.period == Period::week) calendar.phase = options.first_weekday - 1;
  if (calendar.period == Period::quarter) calendar.phase = (options.first_month - 1) % 3;
  if (calendar.period == Period::year) calendar.phase = options.first_month - 1;
}

double gathered(std::span<const Observation> same_period, Gather gather) {
  if (gather == Gather::last) return same_period.back().value;
  double sum = 0;
  for (const Observation& one : same_period) sum += one.value;
  return gather == Gather::mean ? sum / static_cast<double>(same_period.size()) : sum;
}

// Rows that fall short of the end of the last period, or begin long after the start of the first, where other
// periods have theirs spread all over.
struct Spread {
  double first = 0;
  double last = 0;
};

}  // namespace

std::int64_t workdays_between(std::int64_t first_day, std::int64_t end_day) {
  const auto before = [](std::int64_t day) {  // workdays before the day, from some Monday on
    const std::int64_t weekday = weekday_of(day);
    return (day - weekday) / 7 * 5 + std::min<std::int64_t>(weekday, 5);
  };
  return before(end_day) - before(first_day);
}

std::string text_of(const Note& note, Period period) {
  const std::string count = std::to_string(note.count);
  const std::string name(name_of(period));
  const std::string periods = count + " " + name + (note.count == 1 ? "" : "s");
  switch (note.remark) {
    case Remark::one_point: return "a single date does not tell the period: taken for a month";
    case Remark::irregular: return "irregular dates: gathered by " + name;
    case Remark::several_in_period: return count + " rows shared a " + name + " with others and were gathered";
    case Remark::interpolated: return periods + " without a row: interpolated";
    case Remark::zeros_filled: return periods + " without a row: taken for zero";
    case Remark::leading_zeros: return "the first " + periods + " are zero: left out of the fit";
    case Remark::partial_first: return "the first " + name + " is incomplete: left out";
    case Remark::partial_last: return "incomplete at the end, left out: " + periods;
    case Remark::shortened: return "only the last " + periods + " are fitted";
    case Remark::outliers: return count + (note.count == 1 ? " outlier" : " outliers") + " drawn in";
    case Remark::constant: return "all values are the same";
    case Remark::short_history: return "fewer than two seasons of history";
    case Remark::very_short: return "only " + periods + " of history: a simple method with wide intervals";
    case Remark::lumpy: return "mostly zeros: a method for lumpy demand";
    case Remark::ended: return "the last " + periods + " are zero: taken to have ended";
    case Remark::no_season: return "no season stands out";
    case Remark::year_effect: return "the time of the year has an effect";
    case Remark::month_end_effect: return "the ends of months have an effect";
    case Remark::per_workday: return "fitted per working day";
  }
  return {};
}

Series regular_series(std::span<Observation> observations, const SeriesOptions& options, Poll poll) {
  polled_sort(observations, poll, [](const Observation& a, const Observation& b) {
    return std::tie(a.at, a.value) < std::tie(b.at, b.value);
  });
  poll();
  Inferred inferred = infer(observations);
  apply(options, inferred);
  Series series;
  Calendar& calendar = series.calendar;
  calendar = inferred.calendar;
  const std::int64_t last_day = day_of(observations.back().at);
  const std::int64_t time = observations.back().at.micros - last_day * kMicrosPerDay;
  const bool whole_days = std::all_of(observations.begin(), observations.end(), [](const Observation& one) {
    return one.at.micros == day_of(one.at) * kMicrosPerDay;
  });
  if (!whole_days && !inferred.irregular && !options.period) calendar.time = time;
  if (inferred.irregular) series.notes.push_back({Remark::irregular, 0});
  if (observations.size() == 1 && !options.period) series.notes.push_back({Remark::one_point, 0});

  poll();
  series.first = calendar.index_of(observations.front().at);
  const std::int64_t periods = calendar.index_of(observations.back().at) - series.first + 1;
  if (periods > kMostPeriods)
    throw Error(ErrorCode::invalid_argument, "the series has too many periods",
                "Choose a longer period, or leave out what is far from the rest.",
                "From the first to the last row there are " + std::to_string(periods) + " " +
                    std::string(name_of(calendar.period)) + "s; at most " + std::to_string(kMostPeriods) +
                    " are fitted.");
  series.values.assign(static_cast<std::size_t>(periods), std::numeric_limits<double>::quiet_NaN());
  series.season = options.season > 0 ? options.season : season_of(calendar.period);

  std::int64_t shared = 0;
  std::size_t distinct = 0;
  std::vector<Spread> spreads;
  for (std::size_t begin = 0; begin < observations.size();) {
    const std::int64_t index = calendar.index_of(observations[begin].at);
    std::size_t end = begin + 1;
    ++distinct;
    while (end < observations.size() && calendar.index_of(observations[end].at) == index) {
      distinct += observations[end].at != observations[end - 1].at ? 1 : 0;
      ++end;
    }
    shared += end - begin > 1 ? static_cast<std::int64_t>(end - begin) : 0;
    const double value = gathered(observations.subspan(begin, end - begin), options.gather);
    if (!std::isfinite(value))
      throw Error(ErrorCode::out_of_range, "the values of a period add up beyond the range of double precision",
                  "Scale the values down.");
    series.values[static_cast<std::size_t>(index - series.first)] = value;
    const auto share = [&](std::size_t i) {
      return static_cast<double>(day_of(observations[i].at) - calendar.first_day(index) + 1) /
             static_cast<double>(calendar.length(index));
    };
    spreads.push_back({share(begin), share(end - 1)});
    begin = end;
  }
  if (shared > 0) series.notes.push_back({Remark::several_in_period, shared});

  std::int64_t dropped = 0;
  const auto drop_last = [&] {
    series.values.pop_back();
    // Of events, no row in a period is nothing in it; elsewhere it is not known.
    while (!inferred.irregular && !series.values.empty() && std::isnan(series.values.back())) series.values.pop_back();
    ++dropped;
  };
  if (options.data_end) {
    while (series.values.size() > 1 &&
           calendar.first_day(series.first + static_cast<std::int64_t>(series.values.size())) >
               options.data_end->days + 1)
      drop_last();
  } else if (spreads.size() >= 4 && static_cast<double>(distinct) > 1.5 * static_cast<double>(spreads.size())) {
    // Where rows are finer than periods, a last period that ends early is not over.
    double least = 1;
    for (std::size_t i = spreads.size() - 1 - std::min<std::size_t>(12, spreads.size() - 1); i + 1 < spreads.size(); ++i)
      least = std::min(least, spreads[i].last);
    if (options.gather != Gather::last && spreads.back().last < 0.9 * least) drop_last();
    double latest = 0;
    for (std::size_t i = 1; i + 1 < spreads.size() && i <= 12; ++i) latest = std::max(latest, spreads[i].first);
    if (options.gather == Gather::sum && 1 - spreads.front().first < 0.9 * (1 - latest)) {
      std::size_t first = 1;
      while (first + 1 < series.values.size() && std::isnan(series.values[first])) ++first;
      series.values.erase(series.values.begin(), series.values.begin() + static_cast<std::ptrdiff_t>(first));
      series.first += static_cast<std::int64_t>(first);
      series.notes.push_back({Remark::partial_first, 1});
    }
  }
  if (dropped > 0) series.notes.push_back({Remark::partial_last, dropped});
  return series;
}

}  // namespace revenue::forecast
