#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/time.hpp"
#include "core/recurring/calendar.hpp"
#include "core/recurring/mrr_ledger.hpp"
#include "core/recurring/wide.hpp"

namespace revenue::recurring {

/// How a ledger is read where definitions differ; the policies have the names and the values of
/// revenue.builtin_policies().
struct LedgerOptions {
  bool drop_same_period_new_churn = false;
  /// Days after which a customer who returns is new; nothing = never.
  std::optional<std::int32_t> reactivation_days;
  /// A gap of up to so many days is no movement: what was paid before it goes on.
  std::int32_t reactivation_gap_days = 0;
  /// A customer on a free plan pays 0 and has not left.
  bool free_is_active = false;
  /// What moves within a period is netted before it is named, as it always is within a day.
  bool period_net = false;
  std::int32_t week_start = 1;
  std::int32_t fiscal_year_start = 1;
};

inline Calendar calendar_of(const LedgerOptions& options, PeriodUnit unit) {
  return {unit, options.week_start, options.fiscal_year_start};
}

enum class MovementKind : std::uint8_t { new_, expansion, reactivation, contraction, churn, fx };
inline constexpr std::size_t kMovementKinds = 6;
std::string_view name_of(MovementKind kind);

/// What became of the customer besides the amount.
enum class Presence : std::uint8_t { same, gained, regained, lost };

struct Movement {
  Date day;
  MovementKind kind = MovementKind::new_;
  Presence presence = Presence::same;
  std::int64_t before = 0;  ///< MRR in 1e-6 units of currency
  std::int64_t after = 0;

  Wide amount() const { return static_cast<Wide>(after) - before; }
};

/// Names the steps of customers. With p and c the MRR before and after a step the first match
/// decides:
///   fx            the part that is revaluation: a movement of its own, after which p is revalued
///   new           p = 0, c > 0, never paid before
///   reactivation  p = 0, c > 0
///   churn         c = 0
///   expansion     c > p
///   contraction   c < p
/// Each movement begins where the one before it ended, so that opening + amounts = closing,
/// whatever the options.
class MovementNamer {
 public:
  /// Steps within a period of `netted_by` are netted first.
  MovementNamer(const LedgerOptions& options, const Calendar& netted_by)
      : options_(options), netted_by_(netted_by) {}

  /// The movements of one customer, by day; valid until the next call.
  std::span<const Movement> movements_of(std::span<const Step> steps);

 private:
  std::optional<MovementKind> kind_of(bool was_gone, bool was_here_before, std::int64_t held,
                                      const Step& step) const;
  std::span<const Step> bridge_gaps(std::span<const Step> steps);
  std::span<const Step> net_periods(std::span<const Step> steps);
  bool gone(const Step& step) const;
  bool active(const Step& step) const;

  LedgerOptions options_;
  Calendar netted_by_;
  std::vector<Step> bridged_;
  std::vector<Step> netted_;
  std::vector<Movement> movements_;
};

/// One movement as a row.
struct ChangeRow {
  std::string_view customer;
  Date day;
  std::string_view kind;
  Money amount;
  Money before;
  Money after;
};
REVENUE_FIELDS(ChangeRow, customer, day, kind, amount, before, after)

/// Rows made one by one, because there may be more of them than fit into memory.
struct ChangeRows {
  using value_type = ChangeRow;

  MrrLedger ledger;
  LedgerOptions options;
  Calendar calendar;
  Date from = kFirstDay;
  Date to = kEndOfDays;
  Poll poll = no_poll;

  template <class Use>
  void each(Use&& use) const {
    MovementNamer namer(options, calendar);
    for (LedgerReader reader(ledger, poll); reader.next();)
      for (const Movement& movement : namer.movements_of(reader.steps()))
        if (movement.day >= from && movement.day < to)
          use(ChangeRow{reader.customer(), movement.day, name_of(movement.kind),
                        narrow(movement.amount()), Money{movement.before}, Money{movement.after}});
  }
};

/// The movements with from_date <= day < to_date, customer by customer, netted within each
/// `period`. Throws invalid_argument for an unknown period.
ChangeRows mrr_changes(MrrLedger ledger, std::string_view period, std::optional<Date> from_date,
                       std::optional<Date> to_date, const LedgerOptions& options, Poll poll);

}  // namespace revenue::recurring
