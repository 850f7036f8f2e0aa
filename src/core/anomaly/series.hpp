#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "core/anomaly/baseline.hpp"
#include "core/anomaly/options.hpp"
#include "core/foundation/bytes.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/time.hpp"

namespace revenue::anomaly {

/// One row: a value and when it was; a rate of successes over n trials has n > 0.
struct Observation {
  LocalTime at;
  double value = 0;  ///< NaN: known to be unknown; of a ratio the successes
  double n = 0;
};

/// Throws invalid_argument where `at` lies outside the years 1 to 9999, or the value is not finite.
Observation observe(LocalTime at, std::optional<double> value);
/// Throws invalid_argument unless 0 <= successes <= trials <= 1e15.
Observation observe_ratio(LocalTime at, std::optional<std::int64_t> successes, std::optional<std::int64_t> trials);

/// Whether deserialised values are such as observe() and observe_ratio() give.
bool valid(const Observation& observation);

/// The rows of one period as one point. `rows` is not empty.
struct GatheredPoint {
  LocalTime at;        ///< of the first row
  Point point;         ///< value NaN where no row knows it
};
GatheredPoint gather(std::span<const Observation> rows, std::int64_t period, Gather gather);

/// In the order of time; rows of one instant by value, so that the order they came in does not
/// matter.
void sort(std::span<Observation> observations, Poll poll = no_poll);

}  // namespace revenue::anomaly
