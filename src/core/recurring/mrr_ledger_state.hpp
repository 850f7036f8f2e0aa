#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>

#include "core/foundation/bytes.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/time.hpp"
#include "core/recurring/blocks.hpp"
#include "core/recurring/customer_index.hpp"
#include "core/recurring/mrr_ledger.hpp"

namespace revenue::recurring {

/// Aggregate state of mrr_ledger: periods of customers in any order. 24 bytes a period and the
/// names; 2^24 periods at most, so that state, sweep and result stay below one gigabyte.
class MrrLedgerState {
 public:
  explicit MrrLedgerState(std::pmr::memory_resource* memory)
      : customers_(memory), periods_(memory) {}

  /// A customer pays `mrr` from `valid_from` until the day before `valid_to`; nothing or infinity
  /// is open. Periods of one customer add up. One of no day is left out. Throws invalid_argument
  /// for a period that ends before it begins and for dates outside the years 1 to 9999.
  void add(std::string_view customer, Date valid_from, std::optional<Date> valid_to, Money mrr);
  void merge(const MrrLedgerState& other, Poll poll = no_poll);
  void serialize(Writer& writer, Poll poll = no_poll) const;
  void deserialize(Reader& reader, Poll poll = no_poll);
  /// Throws out_of_range where the sum of a customer's periods is no Money.
  MrrLedger result(Poll poll) const;

 protected:
  // Besides periods: an amount booked as revaluation on the day `from`, marked by `to`.
  struct Period {
    std::uint32_t customer;
    Date from;
    Date to;
    std::int64_t micros;
  };
  static constexpr Date kOpen{INT32_MAX};
  static constexpr Date kRevaluation{INT32_MIN};

  void keep(const Period& period);

  CustomerIndex customers_;
  Blocks<Period> periods_;
};

/// Aggregate state of mrr_ledger_fx: periods whose MRR is converted, and cut where the rate
/// changes.
class MrrLedgerFxState : public MrrLedgerState {
 public:
  using MrrLedgerState::MrrLedgerState;

  /// `revalued_from` is the MRR of the period that this one continues at another rate: the
  /// difference is booked as fx on `valid_from`, and only what is left of the day's net change is a
  /// movement.
  void add(std::string_view customer, Date valid_from, std::optional<Date> valid_to, Money mrr,
           std::optional<Money> revalued_from);
};

}  // namespace revenue::recurring
