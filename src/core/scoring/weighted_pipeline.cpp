#include "core/scoring/weighted_pipeline.hpp"

#include <cmath>

#include "core/scoring/arguments.hpp"

namespace revenue::scoring {

std::int64_t weighted_micros(Money amount, double weight) {
  // The largest amount, as a double, is just beyond the largest integer: 1 must not multiply it.
  return weight == 1 ? amount.micros : std::llrint(static_cast<double>(amount.micros) * weight);
}

void WeightedPipeline::add(Money amount, double p) {
  require_probability("p", p);
  weighted_.add(weighted_micros(amount, p));
  ++n_;
}

void WeightedPipeline::merge(const WeightedPipeline& other) {
  weighted_.merge(other.weighted_);
  n_ += other.n_;
}

std::optional<double> WeightedPipeline::result() const {
  if (n_ == 0) return std::nullopt;
  return weighted_.value() / Money::kMicros;
}

void WeightedPipeline::serialize(Writer& writer) const {
  writer.put(n_);
  writer.put(weighted_.high());
  writer.put(weighted_.low());
}

void WeightedPipeline::deserialize(Reader& reader) {
  n_ = reader.get<std::int64_t>();
  const auto high = reader.get<std::int64_t>();
  weighted_ = WideSum(high, reader.get<std::uint64_t>());
  // n terms of 63 bits each reach no further than the high word n.
  constexpr std::int64_t kMostRows = std::int64_t{1} << 48;
  if (n_ < 0 || n_ > kMostRows || high < -n_ || high > n_) Reader::malformed();
}

}  // namespace revenue::scoring
