#pragma once

#include <memory_resource>
#include <optional>
#include <vector>

#include "core/anomaly/detector.hpp"
#include "core/anomaly/series.hpp"
#include "core/foundation/bytes.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::anomaly {

/// Aggregate state for window functions: the score of the latest period so far, judged by the rows
/// before it. A row that comes in the order of time costs the same however many came before; where
/// one does not, all of them are sorted and run over again for the result.
class AnomalyScore {
 public:
  explicit AnomalyScore(std::pmr::memory_resource* memory) : rows_(memory) {}

  /// A value of nothing is known to be missing.
  void add(LocalTime ts, std::optional<double> value);
  void merge(const AnomalyScore& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);

  /// Sigmas, as DetectedPoint::score; nothing while the baseline is learned and for an unknown value.
  std::optional<double> result(Poll poll) const;

 private:
  void take_in_last();
  void try_baseline();
  std::optional<double> score() const;

  std::pmr::vector<Observation> rows_;
  bool in_order_ = true;
  std::optional<Calendar> calendar_;
  std::optional<Detector> detector_;  // knows the periods before that of the latest row
  std::size_t first_ = 0;             // row of the first period that it knows, or will
  std::size_t pending_ = 0;           // first row of the latest period
  mutable std::optional<Verdict> verdict_;  // on that period as judged_rows_ have it: a window asks after each row
  mutable std::size_t judged_rows_ = 0;
};

}  // namespace revenue::anomaly
