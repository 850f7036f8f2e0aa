#pragma once

#include <cstdint>
#include <optional>

#include "core/foundation/bytes.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/wide_sum.hpp"
#include "core/scoring/close_probability.hpp"

namespace revenue::scoring {

/// Aggregate state: the sum of amount x probability. Each product is rounded to 1e-6 and summed as
/// an integer, so that the total does not depend on the order of the rows or on parallel workers.
class WeightedPipeline {
 public:
  /// p from 0 to 1; throws invalid_argument for another.
  void add(Money amount, double p);
  void merge(const WeightedPipeline& other);

  /// Nothing where there was no row.
  std::optional<double> result() const;

  template <class Writer>
  void serialize(Writer& writer) const {
    writer.put(kVersion);
    writer.put(n_);
    writer.put(weighted_.high());
    writer.put(weighted_.low());
  }

  /// Throws malformed for bytes that serialize() did not write.
  template <class Reader>
  static WeightedPipeline deserialize(Reader& reader) {
    require_version(reader, kVersion);
    WeightedPipeline state;
    state.n_ = reader.template get<std::int64_t>();
    const auto high = reader.template get<std::int64_t>();
    state.weighted_ = WideSum(high, reader.template get<std::uint64_t>());
    state.check();
    return state;
  }

 private:
  static constexpr std::uint8_t kVersion = 1;

  void check() const;

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

  template <class Writer>
  void serialize(Writer& writer) const {
    sum_.serialize(writer);
  }
  template <class Reader>
  static ScoredPipeline deserialize(Reader& reader) {
    ScoredPipeline state;
    state.sum_ = WeightedPipeline::deserialize(reader);
    return state;
  }

 private:
  WeightedPipeline sum_;
};

}  // namespace revenue::scoring
