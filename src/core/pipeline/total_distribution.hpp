#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::pipeline {

/// Where the total lies with the probability `level`, as much left out below as above.
struct TotalInterval {
  double level = 0;
  Money lower;
  Money upper;
};
REVENUE_FIELDS(TotalInterval, level, lower, upper)

struct TotalDistributionResult {
  std::int64_t deals = 0;
  double expected_wins = 0;
  double expected = 0;            ///< units of currency
  double standard_deviation = 0;  ///< units of currency
  Money median;
  std::vector<TotalInterval> intervals;  ///< 0.70, 0.85, 0.95
};
REVENUE_FIELDS(TotalDistributionResult, deals, expected_wins, expected, standard_deviation, median,
               intervals)

/// Aggregate state: deals of which each is won with its probability, as the distribution of what
/// they bring in all. A common lognormal factor of mean 1 and squared coefficient of variation
/// `dispersion` raises or lowers all odds, which is how good and bad quarters and few data show:
/// given it the deals are independent. Convolved exactly while the possible totals are 4,096 or fewer, on a lattice of
/// 2,048 points beyond. Of more than 512 deals those with the largest variances are convolved and
/// the rest, each of them small beside the whole, adds up to a normal part.
class TotalDistribution {
 public:
  explicit TotalDistribution(std::pmr::memory_resource* memory) : deals_(memory) {}

  /// `amount` may be negative. Throws invalid_argument for a probability outside 0 to 1 and for a
  /// dispersion that is negative, not finite or above 100; it is the same in every row.
  void add(Money amount, double probability, double dispersion);
  void merge(const TotalDistribution& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  TotalDistributionResult result(Poll poll) const;

  struct Deal {
    std::int64_t micros;
    double probability;
  };

 private:
  std::pmr::vector<Deal> deals_;
  double dispersion_ = 0;
};

}  // namespace revenue::pipeline
