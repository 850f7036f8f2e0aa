#pragma once

#include <cstdint>
#include <optional>

#include "core/foundation/bytes.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/wide_sum.hpp"
#include "core/scoring/close_probability.hpp"

namespace revenue::scoring {

/// amount x weight in steps of 1e-6 units, rounded; the weight is from 0 to 1.
std::int64_t weighted_micros(Money amount, double weight);

/// Aggregate state: the sum of amount x probability. Each product is rounded to 1e-6 and summed as
/// an integer, so that the total does not depend on the order of the rows or on parallel workers.
class WeightedPipeline {
 public:
  /// p from 0 to 1; throws invalid_argument for another.
  void add(Money amount, double p);
  void merge(const WeightedPipeline& other);

  /// Nothing where there was no row.
  std::optional<double> result() const;

  void serialize(Writer& writer) const;

  /// Throws malformed for bytes that serialize() did not write.
  void deserialize(Reader& reader);

 private:
  std::int64_t n_ = 0;
  WideSum weighted_;
};

/// The same with the probability computed on the way: one call a row instead of two.
class ScoredPipeline {
 public:
  /// An unknown amount counts as nothing. Throws as close_probability does.
  void add(std::optional<Money> amount, const CloseSignals& signals,
           const CompiledFramework& framework) {
    const double p = close_probability(signals, framework);
    if (amount) sum_.add(*amount, p);
  }
  void merge(const ScoredPipeline& other) { sum_.merge(other.sum_); }
  std::optional<double> result() const { return sum_.result(); }

  void serialize(Writer& writer) const { sum_.serialize(writer); }
  void deserialize(Reader& reader) { sum_.deserialize(reader); }

 private:
  WeightedPipeline sum_;
};

}  // namespace revenue::scoring
