#include "core/recurring/cohorts.hpp"

#include <algorithm>
#include <string>

#include "core/recurring/ledger_range.hpp"

namespace revenue::recurring {
namespace {

constexpr std::int64_t kMostCells = 1'000'000;

// What changes in a period; the sum up to a period is what there is at its close.
struct Cell {
  Wide mrr = 0;
  std::int64_t customers = 0;
};

struct Cohort {
  std::vector<Cell> cells;  // by age
  Wide first_mrr = 0;
  std::int64_t customers = 0;
};

std::int64_t change_of(Presence presence) {
  if (presence == Presence::same) return 0;
  return presence == Presence::lost ? -1 : 1;
}

std::optional<double> ratio(double numerator, double denominator) {
  return denominator == 0 ? std::nullopt : std::optional(numerator / denominator);
}

}  // namespace

std::vector<CohortRow> mrr_cohorts(const MrrLedger& ledger, std::string_view period,
                                   std::optional<Date> from_date, std::optional<Date> to_date,
                                   const LedgerOptions& options, Poll poll) {
  const Calendar calendar = calendar_of(options, period_unit_from(period));
  const auto range = period_range(ledger, calendar, from_date, to_date);
  if (!range) return {};
  const auto [first, last] = *range;
  const std::int64_t periods = std::int64_t{last} - first + 1;
  if (periods * (periods + 1) / 2 > kMostCells)
    throw Error(ErrorCode::invalid_argument, "a cohort matrix has at most a million cells",
                "Pass from_date and to_date, or a longer period.",
                "It would have " + std::to_string(periods) + " cohorts.");

  std::vector<Cohort> cohorts(static_cast<std::size_t>(periods));
  MovementNamer namer(options, Calendar{PeriodUnit::day});
  for (LedgerReader reader(ledger, poll); reader.next();) {
    const auto movements = namer.movements_of(reader.steps());
    const auto joined = std::find_if(movements.begin(), movements.end(), [](const Movement& m) {
      return m.presence != Presence::same;
    });
    if (joined == movements.end()) continue;
    const std::int32_t number = calendar.number_of(joined->day);
    if (number < first || number > last) continue;
    Cohort& cohort = cohorts[static_cast<std::size_t>(number - first)];
    if (cohort.cells.empty()) cohort.cells.resize(static_cast<std::size_t>(last - number + 1));
    ++cohort.customers;
    cohort.first_mrr += joined->after;
    cohort.cells.front().mrr += joined->before;
    for (auto movement = joined; movement != movements.end(); ++movement) {
      const std::int32_t now = calendar.number_of(movement->day);
      if (now > last) break;
      Cell& cell = cohort.cells[static_cast<std::size_t>(now - number)];
      cell.mrr += movement->amount();
      cell.customers += change_of(movement->presence);
    }
  }

  std::vector<CohortRow> rows;
  for (std::int32_t number = first; number <= last; ++number) {
    poll();
    const Cohort& cohort = cohorts[static_cast<std::size_t>(number - first)];
    Cell level;
    for (std::size_t age = 0; age < cohort.cells.size(); ++age) {
      level.mrr += cohort.cells[age].mrr;
      level.customers += cohort.cells[age].customers;
      CohortRow row;
      row.cohort = calendar.start_of(number);
      row.age = static_cast<std::int32_t>(age);
      row.period_from = calendar.start_of(number + row.age);
      row.customers = level.customers;
      row.cohort_customers = cohort.customers;
      row.mrr = narrow(level.mrr);
      row.cohort_mrr = narrow(cohort.first_mrr);
      row.customer_retention =
          ratio(static_cast<double>(row.customers), static_cast<double>(row.cohort_customers));
      row.mrr_retention = ratio(row.mrr.value(), row.cohort_mrr.value());
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace revenue::recurring
