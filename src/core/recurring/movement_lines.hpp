#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/time.hpp"
#include "core/recurring/policies.hpp"

namespace revenue::recurring {

/// One period of one item of a subscription, as its table has it.
struct ItemPeriod {
  std::string_view subscription_id;
  std::string_view item_id;
  std::optional<std::string_view> product_id;
  std::optional<std::string_view> plan;
  std::string_view currency;
  std::string_view status;  ///< active, trial, paused, past_due or incomplete
  Date valid_from;
  Date valid_to;                     ///< exclusive; infinity = open
  std::optional<Date> cancelled_on;  ///< of the subscription
  Money quantity;
  Money unit_price;
  std::string_view billing_period;
  std::int32_t billing_count = 1;
  double discount_pct = 0;
  Money discount_amount;
  std::string_view discount_kind;  ///< recurring or temporary
  Money list_mrr;                  ///< a month, before discounts
  Money mrr;                       ///< a month, after every discount
};
REVENUE_FIELDS(ItemPeriod, subscription_id, item_id, product_id, plan, currency, status, valid_from,
               valid_to, cancelled_on, quantity, unit_price, billing_period, billing_count,
               discount_pct, discount_amount, discount_kind, list_mrr, mrr)

/// A part of what changed in the MRR of a customer on a day. All lines of a day have the same kind:
/// new, expansion, reactivation, contraction, churn, or swap where the total stays and what it
/// consists of does not. The day is counted as one movement, by its first line.
struct MovementLine {
  static constexpr const char* kSqlName = "revenue.movement_line";

  Date valid_day;
  std::int32_t movements = 0;
  bool restates = false;  ///< takes back or corrects what was recorded
  std::optional<std::string>
      kind;  ///< nothing: expansion, contraction or swap, as `exchanged` is worth
  std::string reason;
  std::string currency;
  Money amount;
  std::optional<std::string> product_id;
  std::optional<std::string>
      exchanged;  ///< JSON: what changed that day in each of several currencies
};
// What has a fixed size comes first, where PostgreSQL finds it at once.
REVENUE_FIELDS(MovementLine, valid_day, movements, restates, kind, reason, currency, amount,
               product_id, exchanged)

/// What has to be added to the lines that were recorded, so that together they are `current`. A day
/// of an unknown kind has the kind it was recorded with, where it was recorded as it is: what an
/// exchange was worth is judged once. Throws out_of_range where a sum does not fit.
std::vector<MovementLine> restatement(std::vector<MovementLine> current,
                                      std::vector<MovementLine> recorded, Poll poll = no_poll);

/// Aggregate state: the item periods of one customer, in any order, as the movements of his MRR.
/// A period of an item ends at its valid_to or where the next period of that item begins, whichever
/// comes first. Amounts are exact; a total beyond the range of Money is out_of_range.
class MovementLines {
 public:
  explicit MovementLines(std::pmr::memory_resource* memory) : text_(memory), items_(memory) {}

  /// The policies are the same in every row. Throws invalid_argument for a status or kind of
  /// discount that there is not, and for a period that ends before it begins or begins at infinity.
  void add(const ItemPeriod& period, const Policies& policies);
  void merge(const MovementLines& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);

  /// By day, product, currency and reason.
  std::vector<MovementLine> result(Poll poll = no_poll) const;

  enum class Status : std::uint8_t { active, trial, paused, past_due, incomplete };

  struct Text {
    std::uint32_t begin;
    std::uint32_t size;  // kNoText: unknown
  };

  struct Item {
    Text subscription, item, product, plan, currency, billing;
    std::int32_t valid_from, valid_to, cancelled_on;  // INT32_MAX: never
    std::int32_t billing_count;
    std::int64_t quantity, unit_price, discount_amount, list_mrr, mrr;
    double discount_pct;
    Status status;
    bool temporary_discount;
    std::uint8_t unused[6];  // no byte of a stored state is undefined
  };

 private:
  Text keep(std::optional<std::string_view> text);

  std::pmr::string text_;
  std::pmr::vector<Item> items_;
  Policies policies_;
};

}  // namespace revenue::recurring
