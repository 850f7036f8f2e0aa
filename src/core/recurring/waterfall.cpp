#include "core/recurring/waterfall.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/recurring/ledger_range.hpp"

namespace revenue::recurring {
namespace {

constexpr std::int64_t kMostPeriods = 100'000;

struct Totals {
  std::array<Wide, kMovementKinds> amounts{};
  std::int64_t gained = 0;
  std::int64_t regained = 0;
  std::int64_t lost = 0;
  std::int64_t expanded = 0;
  std::int64_t contracted = 0;

  Wide& of(MovementKind kind) { return amounts[static_cast<std::size_t>(kind)]; }

  void count(const Movement& movement) {
    of(movement.kind) += movement.amount();
    gained += movement.presence == Presence::gained;
    regained += movement.presence == Presence::regained;
    lost += movement.presence == Presence::lost;
  }
};

// What one customer did in one period.
void count(std::span<const Movement> movements, Totals& totals) {
  bool expanded = false;
  bool contracted = false;
  for (const Movement& movement : movements) {
    totals.count(movement);
    expanded = expanded || movement.kind == MovementKind::expansion;
    contracted = contracted || movement.kind == MovementKind::contraction;
  }
  totals.expanded += expanded;
  totals.contracted += contracted;
}

bool new_and_gone(std::span<const Movement> movements) {
  return movements.front().kind == MovementKind::new_ &&
         movements.back().kind == MovementKind::churn;
}

std::vector<WaterfallRow> rows_of(std::vector<Totals>& periods, Totals& before,
                                  const Calendar& calendar, std::int32_t number) {
  std::vector<WaterfallRow> rows;
  rows.reserve(periods.size());
  Wide level = 0;
  for (const Wide amount : before.amounts) level += amount;
  std::int64_t customers = before.gained + before.regained - before.lost;
  for (Totals& totals : periods) {
    WaterfallRow row;
    row.period_from = calendar.start_of(number++);
    row.opening = narrow(level);
    row.opening_customers = customers;
    row.new_ = narrow(totals.of(MovementKind::new_));
    row.expansion = narrow(totals.of(MovementKind::expansion));
    row.reactivation = narrow(totals.of(MovementKind::reactivation));
    row.contraction = narrow(totals.of(MovementKind::contraction));
    row.churn = narrow(totals.of(MovementKind::churn));
    row.fx = narrow(totals.of(MovementKind::fx));
    for (const Wide amount : totals.amounts) level += amount;
    customers += totals.gained + totals.regained - totals.lost;
    row.closing = narrow(level);
    row.new_customers = totals.gained;
    row.expanded_customers = totals.expanded;
    row.reactivated_customers = totals.regained;
    row.contracted_customers = totals.contracted;
    row.churned_customers = totals.lost;
    row.closing_customers = customers;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::vector<WaterfallRow> mrr_waterfall(const MrrLedger& ledger, std::string_view period,
                                        std::optional<Date> from_date, std::optional<Date> to_date,
                                        const LedgerOptions& options, Poll poll) {
  const Calendar calendar = calendar_of(options, period_unit_from(period));
  const auto range = period_range(ledger, calendar, from_date, to_date);
  if (!range) return {};
  const auto [first, last] = *range;
  if (last - first >= kMostPeriods)
    throw Error(ErrorCode::invalid_argument, "a waterfall has at most 100,000 periods",
                "Pass from_date and to_date, or a longer period.",
                "It would have " + std::to_string(std::int64_t{last} - first + 1) + ".");

  Totals before;
  std::vector<Totals> periods(static_cast<std::size_t>(last - first + 1));
  const Calendar daily{PeriodUnit::day};
  MovementNamer namer(options, options.period_net ? calendar : daily);
  for (LedgerReader reader(ledger, poll); reader.next();) {
    std::span<const Movement> movements = namer.movements_of(reader.steps());
    while (!movements.empty()) {
      const std::int32_t number = calendar.number_of(movements.front().day);
      if (number > last) break;
      const auto end = std::find_if(movements.begin() + 1, movements.end(), [&](const Movement& m) {
        return calendar.number_of(m.day) != number;
      });
      const auto size = static_cast<std::size_t>(end - movements.begin());
      const auto of_period = movements.first(size);
      movements = movements.subspan(size);
      if (options.drop_same_period_new_churn && new_and_gone(of_period)) continue;
      count(of_period, number < first ? before : periods[static_cast<std::size_t>(number - first)]);
    }
  }
  return rows_of(periods, before, calendar, first);
}

}  // namespace revenue::recurring
