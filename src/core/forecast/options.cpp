#include "core/forecast/options.hpp"

#include <array>
#include <cctype>
#include <span>

#include "core/foundation/error.hpp"
#include "core/forecast/parts.hpp"

namespace revenue::forecast {

namespace {

constexpr std::string_view kPeriods[] = {"day", "workday", "week", "month", "quarter", "year", "auto"};
constexpr std::string_view kGathers[] = {"sum", "mean", "last"};
constexpr std::string_view kGaps[] = {"auto", "zero", "interpolate"};
constexpr std::int64_t kMostSeason = 400;

std::size_t chosen(std::string_view option, const std::string& name, std::span<const std::string_view> names) {
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
    all.append(i == 0 ? "" : ", ").append(names[i]);
  }
  throw Error(ErrorCode::invalid_argument, "unknown " + std::string(option) + " \"" + name + "\"",
              "Use one of: " + all + ".");
}

std::int32_t within(std::string_view option, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return static_cast<std::int32_t>(value);
  throw Error(ErrorCode::invalid_argument,
              std::string(option) + " must be from " + std::to_string(least) + " to " + std::to_string(most),
              "Leave it out for what is usual.", "It is " + std::to_string(value) + ".");
}

// YYYY-MM-DD, and nothing that depends on a setting.
Date date_from(const std::string& text) {
  const auto number = [&text](std::size_t at, std::size_t length) {
    int value = 0;
    for (std::size_t i = at; i < at + length; ++i) {
      if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const Civil civil{number(0, 4), number(5, 2), number(8, 2)};
    if (civil.year >= 1 && civil.month >= 1 && civil.month <= 12 && civil.day >= 1 &&
        civil.day <= days_in_month(civil.year, civil.month))
      return {static_cast<std::int32_t>(day_of(civil))};
  }
  throw Error(ErrorCode::invalid_argument, "data_end is no date", "Write it as YYYY-MM-DD.",
              "It is \"" + text + "\".");
}

template <class T>
T enum_from(Reader& reader, T last) {
  const auto value = reader.get<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) Reader::malformed();
  return static_cast<T>(value);
}

}  // namespace

SeriesOptions read_options(const WrittenOptions& written) {
  SeriesOptions options;
  const std::size_t period = chosen("period", written.period, kPeriods);
  if (kPeriods[period] != "auto") options.period = static_cast<Period>(period);
  options.season = within("season", written.season, 0, kMostSeason);
  options.method = static_cast<Method>(chosen("method", written.method, method_names()));
  options.gather = static_cast<Gather>(chosen("gather", written.gather, kGathers));
  options.gaps = static_cast<Gaps>(chosen("gaps", written.gaps, kGaps));
  options.first_month = within("first_month", written.first_month, 1, 12);
  options.first_weekday = within("first_weekday", written.first_weekday, 1, 7);
  if (written.data_end) options.data_end = date_from(*written.data_end);
  options.workdays = written.workdays;
  return options;
}

void write_options(Writer& writer, const SeriesOptions& options) {
  writer.put(static_cast<std::uint8_t>(options.period ? static_cast<std::size_t>(*options.period) + 1 : 0));
  writer.put(options.season);
  writer.put(static_cast<std::uint8_t>(options.method));
  writer.put(static_cast<std::uint8_t>(options.gather));
  writer.put(static_cast<std::uint8_t>(options.gaps));
  writer.put(options.first_month);
  writer.put(options.first_weekday);
  writer.put(static_cast<std::uint8_t>(options.data_end.has_value()));
  writer.put(options.data_end.value_or(Date{}));
  writer.put(static_cast<std::uint8_t>(options.workdays));
}

SeriesOptions read_options(Reader& reader) {
  SeriesOptions options;
  const auto period = reader.get<std::uint8_t>();
  if (period > static_cast<std::uint8_t>(Period::year) + 1) Reader::malformed();
  if (period > 0) options.period = static_cast<Period>(period - 1);
  options.season = reader.get<std::int32_t>();
  options.method = enum_from(reader, Method::adida);
  options.gather = enum_from(reader, Gather::last);
  options.gaps = enum_from(reader, Gaps::interpolate);
  options.first_month = reader.get<std::int32_t>();
  options.first_weekday = reader.get<std::int32_t>();
  const bool has_end = enum_from(reader, std::uint8_t{1}) == 1;
  const auto data_end = reader.get<Date>();
  if (has_end) options.data_end = data_end;
  options.workdays = enum_from(reader, std::uint8_t{1}) == 1;
  if (options.season < 0 || options.season > kMostSeason || options.first_month < 1 || options.first_month > 12 ||
      options.first_weekday < 1 || options.first_weekday > 7 || !data_end.finite())
    Reader::malformed();
  return options;
}

}  // namespace revenue::forecast
