#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"

namespace revenue::anomaly {

enum class Grain : std::uint8_t { part_of_day, day, week, month, quarter, year };

/// What rows of one period come to.
enum class Gather : std::uint8_t { sum, mean, last };

/// Days that are unlike others for one reason, such as every Easter Monday.
struct Holiday {
  std::string name;
  std::vector<std::string> dates;  ///< YYYY-MM-DD
};
REVENUE_FIELDS(Holiday, name, dates)

/// The options as they are written in JSON.
struct WrittenOptions {
  std::string calendar = "business";
  std::optional<std::string> period;
  std::string gather = "sum";
  std::vector<Holiday> holidays;
  std::int32_t fiscal_year_start = 1;
  double baseline_days = 90;
  std::int32_t minimum_points = 12;
  double minimum_n = 20;
};
REVENUE_FIELDS(WrittenOptions, calendar, period, gather, holidays, fiscal_year_start, baseline_days,
               minimum_points, minimum_n)

/// How a series is to be read: plain values, because they travel with the state of an aggregate.
struct DetectorOptions {
  static constexpr std::size_t kMostHolidays = 12;
  static constexpr std::size_t kMostDates = 256;

  struct HolidayDate {
    std::int32_t day;   ///< since 2000-01-01
    std::uint8_t kind;  ///< index of the holiday
    bool operator==(const HolidayDate&) const = default;
  };

  bool business_calendar = true;       ///< weekdays, ends of months and quarters have effects
  std::optional<Grain> grain;          ///< nothing: that of the usual distance of the points
  Gather gather = Gather::sum;
  std::int32_t fiscal_year_start = 1;  ///< month; decides which ends of months end a quarter
  double baseline_days = 90;           ///< days that are learned from before anything is judged
  std::int32_t minimum_points = 12;    ///< and points
  double minimum_n = 20;               ///< a ratio over fewer is not judged
  std::uint16_t date_count = 0;
  std::uint8_t holiday_count = 0;
  std::array<HolidayDate, kMostDates> dates{};  ///< in order

  bool operator==(const DetectorOptions&) const = default;

  void serialize(Writer& writer) const;
  static DetectorOptions deserialize(Reader& reader);
};

/// Throws invalid_argument for an option that cannot be.
DetectorOptions read_options(const WrittenOptions& written);

}  // namespace revenue::anomaly
