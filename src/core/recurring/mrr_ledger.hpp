#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/time.hpp"

namespace revenue::recurring {

/// What a customer pays from a day on, until the next step.
struct Step {
  Date day;
  bool present = false;  ///< whether any period covers the day, be it at 0
  std::int64_t mrr = 0;  ///< in 1e-6 units of currency
  std::int64_t fx = 0;   ///< the part of the change that is revaluation
};

/// The MRR of each customer over time as steps of days, nothing else: what the aggregate mrr_ledger
/// gives and what columns keep. A byte string of variable-length integers, some seven bytes a step,
/// that is read from front to end; it is never unpacked as a whole.
class MrrLedger {
 public:
  static constexpr const char* kSqlName = "revenue.mrr_ledger";

  /// Steps by rising day. A customer is appended once.
  void append(std::string_view customer, std::span<const Step> steps);

  /// The days of the first and the last step; nothing where there is none.
  struct Changes {
    Date first;
    Date last;
  };
  std::optional<Changes> changes() const { return changes_; }

  void serialize(Writer& writer) const;
  static MrrLedger deserialize(Reader& reader, Poll poll = no_poll);

 private:
  friend class LedgerReader;
  void widen(std::span<const Step> steps);

  std::vector<std::uint8_t> bytes_;
  std::optional<Changes> changes_;  // not stored, because the reader sees every step
};

/// Goes through the customers of a ledger:
///   for (LedgerReader reader(ledger, poll); reader.next();) use(reader.customer(),
///   reader.steps());
class LedgerReader {
 public:
  LedgerReader(const MrrLedger& ledger, Poll poll)
      : next_(ledger.bytes_.data()), end_(next_ + ledger.bytes_.size()), poll_(poll) {}

  /// Whether there is another customer. Throws malformed for bytes that append() did not write.
  bool next();
  std::string_view customer() const { return customer_; }
  std::span<const Step> steps() const { return steps_; }

 private:
  std::uint64_t number();
  std::int64_t signed_number();

  const std::uint8_t* next_;
  const std::uint8_t* end_;
  Poll poll_;
  std::uint32_t until_poll_ = 0;
  std::string_view customer_;
  std::vector<Step> steps_;
};

}  // namespace revenue::recurring
