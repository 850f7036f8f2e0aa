#pragma once

#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/wide_sum.hpp"

namespace revenue::anomaly {

/// What one segment contributes to the change of a total.
struct SegmentChange {
  std::optional<std::string> segment;  ///< nothing: the rows without one
  Money before;
  Money after;
  Money change;
  std::optional<double> share;  ///< of the whole change; nothing where the total stays
};
REVENUE_FIELDS(SegmentChange, segment, before, after, change, share)

struct ExplainedChange {
  Money before;
  Money after;
  Money change;                                 ///< after - before, and the sum over the segments
  std::optional<std::string> affected_segment;  ///< the one that explains most of it, if one does
  std::vector<SegmentChange> segments;          ///< the largest change first
};
REVENUE_FIELDS(ExplainedChange, before, after, change, affected_segment, segments)

/// Sums of a segment on both sides.
struct SegmentSums {
  WideSum before;
  WideSum after;
  WideSum before_trials;  ///< of rates
  WideSum after_trials;
};

/// Aggregate state: sums by segment, which may come in several rows, in any order.
class SegmentTotals {
 public:
  explicit SegmentTotals(std::pmr::memory_resource* memory) : segments_(memory) {}

  void merge(const SegmentTotals& other, Poll poll = no_poll);
  void serialize(Writer& writer, Poll poll = no_poll) const;
  void deserialize(Reader& reader, Poll poll = no_poll);

 protected:
  SegmentSums& of(std::optional<std::string_view> segment);

  // Rows without a segment stand under the key that begins with another letter.
  std::pmr::map<std::pmr::string, SegmentSums> segments_;
};

/// Which segments explain the change of a total: exactly, to the last unit.
class ChangeOfTotal : public SegmentTotals {
 public:
  using SegmentTotals::SegmentTotals;

  /// An amount of nothing is 0: a segment that is new, or gone.
  void add(std::optional<std::string_view> segment, std::optional<Money> before, std::optional<Money> after);

  /// Throws out_of_range where a sum does not fit.
  ExplainedChange result(Poll poll = no_poll) const;
};

/// What one segment contributes to the change of a rate, in percentage points: because its own rate
/// changed, and because its share of all changed. Each is half way between weighing by the shares
/// (rates) of before and of after, so that nothing is left over.
struct SegmentRateChange {
  std::optional<std::string> segment;
  std::optional<Money> before_rate;  ///< percent; nothing without trials
  std::optional<Money> after_rate;
  Money rate_effect;
  Money mix_effect;
  Money effect;  ///< rate_effect + mix_effect
};
REVENUE_FIELDS(SegmentRateChange, segment, before_rate, after_rate, rate_effect, mix_effect, effect)

struct ExplainedRateChange {
  std::optional<Money> before_rate;  ///< percent
  std::optional<Money> after_rate;
  std::optional<Money> change;       ///< percentage points, and the sum of all effects
  Money rate_effect;
  Money mix_effect;
  std::optional<std::string> affected_segment;
  std::vector<SegmentRateChange> segments;  ///< the largest effect first; none where a rate has no trials
};
REVENUE_FIELDS(ExplainedRateChange, before_rate, after_rate, change, rate_effect, mix_effect, affected_segment, segments)

/// Which segments explain the change of a rate: exactly to the sixth decimal of a percentage point.
class ChangeOfRate : public SegmentTotals {
 public:
  using SegmentTotals::SegmentTotals;

  /// Numerator and denominator before and after, none negative. Throws invalid_argument otherwise.
  void add(std::optional<std::string_view> segment, std::optional<Money> before_numerator,
           std::optional<Money> before_denominator, std::optional<Money> after_numerator,
           std::optional<Money> after_denominator);
  ExplainedRateChange result(Poll poll = no_poll) const;
};

}  // namespace revenue::anomaly
