#pragma once

#include <optional>

#include "core/recurring/calendar.hpp"
#include "core/recurring/mrr_ledger.hpp"

namespace revenue::recurring {

/// The first and the last period, by number.
struct PeriodRange {
  std::int32_t first;
  std::int32_t last;
};

/// The periods of from_date <= day < to_date; nothing, or infinity on that side, is the first or
/// the last change of the ledger. No range where neither is given and the ledger is empty. Throws
/// invalid_argument for dates outside the calendar and where the range would end before it begins.
std::optional<PeriodRange> period_range(const MrrLedger& ledger, const Calendar& calendar,
                                        std::optional<Date> from_date, std::optional<Date> to_date);

/// Throws invalid_argument unless both are days of the calendar and `from_date` comes first.
void require_window(Date from_date, Date to_date);

}  // namespace revenue::recurring
