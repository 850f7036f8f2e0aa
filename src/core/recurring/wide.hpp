#pragma once

#include <cstdint>

#include "core/foundation/error.hpp"
#include "core/foundation/money.hpp"

namespace revenue::recurring {

/// Sums of amounts, which no number of them overflows.
__extension__ using Wide = __int128;

/// Throws out_of_range where the sum is beyond what Money holds.
inline Money narrow(Wide sum) {
  const auto micros = static_cast<std::int64_t>(sum);
  if (micros != sum)
    throw Error(ErrorCode::out_of_range, "sum of amounts is out of range",
                "Amounts go up to 9,200,000,000,000 units of a currency.");
  return {micros};
}

}  // namespace revenue::recurring
