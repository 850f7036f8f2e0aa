#include "core/recurring/ledger_range.hpp"

#include <algorithm>

#include "core/foundation/error.hpp"

namespace revenue::recurring {
namespace {

[[noreturn]] void throw_outside() {
  throw Error(ErrorCode::invalid_argument, "from_date and to_date must be in the years 1 to 9999",
              "Leave one out for the first or the last change of the ledger.");
}

[[noreturn]] void throw_backwards() {
  throw Error(ErrorCode::invalid_argument, "to_date must come after from_date",
              "to_date is the day after the last one.");
}

}  // namespace

std::optional<PeriodRange> period_range(const MrrLedger& ledger, const Calendar& calendar,
                                        std::optional<Date> from_date,
                                        std::optional<Date> to_date) {
  if (from_date == Date{INT32_MIN}) from_date.reset();
  if (to_date == Date{INT32_MAX}) to_date.reset();
  if (from_date && !in_calendar(*from_date)) throw_outside();
  if (to_date && !in_calendar(*to_date)) throw_outside();
  if (from_date && to_date && *to_date <= *from_date) throw_backwards();
  const auto changes = ledger.changes();
  if (!changes && !(from_date && to_date)) return std::nullopt;
  const Date end =
      to_date ? Date{to_date->days - 1} : std::max(changes->last, from_date.value_or(kFirstDay));
  const Date begin = from_date ? *from_date : std::min(changes->first, end);
  return PeriodRange{calendar.number_of(begin), calendar.number_of(end)};
}

void require_window(Date from_date, Date to_date) {
  if (!in_calendar(from_date) || !in_calendar(to_date)) throw_outside();
  if (to_date <= from_date) throw_backwards();
}

}  // namespace revenue::recurring
