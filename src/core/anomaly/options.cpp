#include "core/anomaly/options.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::array kGrains{"", "day", "week", "month", "quarter", "year"};
constexpr std::array kGathers{"sum", "mean", "last"};
constexpr double kMostBaselineDays = 3660;
constexpr std::int32_t kFewestPoints = 8;
constexpr std::int32_t kMostPoints = 10'000;
constexpr double kMostN = 1e15;

[[noreturn]] void reject(std::string message, std::string hint, std::string detail) {
  throw Error(ErrorCode::invalid_argument, std::move(message), std::move(hint), std::move(detail));
}

std::string quoted(const std::string& text) { return "\"" + text.substr(0, 40) + "\""; }

std::int32_t day_from(const std::string& text) {
  using namespace std::chrono;
  constexpr sys_days kEpoch = year{2000} / January / 1;
  int year_number = 0;
  unsigned month_number = 0;
  unsigned day_number = 0;
  const auto part = [&text](std::size_t from, std::size_t length, auto& into) {
    const char* const begin = text.data() + from;
    const auto [stop, fault] = std::from_chars(begin, begin + length, into);
    return fault == std::errc{} && stop == begin + length;
  };
  const bool shaped = text.size() == 10 && text[4] == '-' && text[7] == '-' && part(0, 4, year_number) &&
                      part(5, 2, month_number) && part(8, 2, day_number);
  const year_month_day date{year{year_number}, month{month_number}, day{day_number}};
  if (!shaped || !date.ok())
    reject("a holiday has no such date", "Write dates as \"2025-12-25\".", "The date is " + quoted(text) + ".");
  return static_cast<std::int32_t>((sys_days{date} - kEpoch).count());
}

template <class Names>
std::size_t index_of(const Names& names, const std::string& name, const char* option, const char* hint) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end() || name.empty())
    reject(std::string("there is no such ") + option, hint, "It is " + quoted(name) + ".");
  return static_cast<std::size_t>(found - names.begin());
}

bool in_range(const DetectorOptions& options) {
  return options.fiscal_year_start >= 1 && options.fiscal_year_start <= 12 && options.baseline_days >= 1 &&
         options.baseline_days <= kMostBaselineDays && options.minimum_points >= kFewestPoints &&
         options.minimum_points <= kMostPoints && options.minimum_n >= 0 && options.minimum_n <= kMostN;
}

}  // namespace

DetectorOptions read_options(const WrittenOptions& written) {
  DetectorOptions options;
  constexpr std::array kCalendars{"business", "none"};
  options.business_calendar = index_of(kCalendars, written.calendar, "calendar", "It is business or none.") == 0;
  if (written.period)
    options.grain = static_cast<Grain>(
        index_of(kGrains, *written.period, "period", "It is day, week, month, quarter or year; leave it out to have it inferred."));
  options.gather = static_cast<Gather>(index_of(kGathers, written.gather, "way to gather", "It is sum, mean or last."));
  options.fiscal_year_start = written.fiscal_year_start;
  options.baseline_days = written.baseline_days;
  options.minimum_points = written.minimum_points;
  options.minimum_n = written.minimum_n;
  if (!in_range(options))
    reject("an option is out of range",
           "fiscal_year_start is a month from 1 to 12, baseline_days from 1 to 3660, minimum_points from 8 to 10000, "
           "minimum_n from 0 to 1e15.",
           "fiscal_year_start is " + std::to_string(options.fiscal_year_start) + ", baseline_days " +
               shown(options.baseline_days) + ", minimum_points " + std::to_string(options.minimum_points) +
               ", minimum_n " + shown(options.minimum_n) + ".");
  if (written.holidays.size() > DetectorOptions::kMostHolidays)
    reject("there are at most 12 kinds of holidays", "Give holidays that are alike one name.",
           std::to_string(written.holidays.size()) + " were passed.");
  options.holiday_count = static_cast<std::uint8_t>(written.holidays.size());
  for (std::size_t kind = 0; kind < written.holidays.size(); ++kind)
    for (const std::string& date : written.holidays[kind].dates) {
      if (options.date_count == DetectorOptions::kMostDates)
        reject("there are at most 256 dates of holidays", "Leave out those before the series begins.",
               "More were passed.");
      options.dates[options.date_count++] = {day_from(date), static_cast<std::uint8_t>(kind)};
    }
  std::stable_sort(options.dates.begin(), options.dates.begin() + options.date_count,
                   [](const auto& a, const auto& b) { return a.day < b.day; });
  return options;
}

void DetectorOptions::serialize(Writer& writer) const {
  writer.put(static_cast<std::uint8_t>(business_calendar));
  writer.put(static_cast<std::uint8_t>(grain ? static_cast<std::uint8_t>(*grain) : 0));
  writer.put(gather);
  writer.put(fiscal_year_start);
  writer.put(baseline_days);
  writer.put(minimum_points);
  writer.put(minimum_n);
  writer.put(holiday_count);
  writer.put(date_count);
  for (std::size_t i = 0; i < date_count; ++i) {
    writer.put(dates[i].day);
    writer.put(dates[i].kind);
  }
}

DetectorOptions DetectorOptions::deserialize(Reader& reader) {
  DetectorOptions options;
  const auto business = reader.get<std::uint8_t>();
  const auto grain = reader.get<std::uint8_t>();
  const auto gather = reader.get<std::uint8_t>();
  options.fiscal_year_start = reader.get<std::int32_t>();
  options.baseline_days = reader.get<double>();
  options.minimum_points = reader.get<std::int32_t>();
  options.minimum_n = reader.get<double>();
  options.holiday_count = reader.get<std::uint8_t>();
  options.date_count = reader.get<std::uint16_t>();
  if (business > 1 || grain >= kGrains.size() || gather >= kGathers.size() || !in_range(options) ||
      options.holiday_count > kMostHolidays || options.date_count > kMostDates)
    Reader::malformed();
  options.business_calendar = business == 1;
  if (grain > 0) options.grain = static_cast<Grain>(grain);
  options.gather = static_cast<Gather>(gather);
  for (std::size_t i = 0; i < options.date_count; ++i) {
    options.dates[i].day = reader.get<std::int32_t>();
    options.dates[i].kind = reader.get<std::uint8_t>();
    if (options.dates[i].kind >= options.holiday_count || (i > 0 && options.dates[i].day < options.dates[i - 1].day))
      Reader::malformed();
  }
  return options;
}

}  // namespace revenue::anomaly
