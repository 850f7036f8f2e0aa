#pragma once

#include <optional>
#include <string>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/forecast/series.hpp"

namespace revenue::forecast {

/// Options of fit_series() as a caller writes them.
struct WrittenOptions {
  std::string period = "auto";
  std::int64_t season = 0;
  std::string method = "auto";
  std::string gather = "sum";
  std::string gaps = "auto";
  std::int64_t first_month = 1;
  std::int64_t first_weekday = 1;
  std::optional<std::string> data_end;
  bool workdays = false;
};
REVENUE_FIELDS(WrittenOptions, period, season, method, gather, gaps, first_month, first_weekday, data_end, workdays)

/// Throws invalid_argument for a name that is none and a number out of range.
SeriesOptions read_options(const WrittenOptions& written);

void write_options(Writer& writer, const SeriesOptions& options);
SeriesOptions read_options(Reader& reader);

}  // namespace revenue::forecast
