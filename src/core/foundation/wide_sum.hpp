#pragma once

#include <cstdint>

namespace revenue {

/// An exact sum of 64-bit integers. Two words rather than __int128, whose alignment of 16 the
/// server's allocator does not give. Wraps only beyond 2^63 terms.
class WideSum {
 public:
  constexpr WideSum() = default;
  constexpr WideSum(std::int64_t high, std::uint64_t low) : low_(low), high_(high) {}

  constexpr void add(std::int64_t term) {
    const auto unsigned_term = static_cast<std::uint64_t>(term);
    low_ += unsigned_term;
    high_ += (term < 0 ? -1 : 0) + (low_ < unsigned_term ? 1 : 0);
  }

  constexpr void merge(const WideSum& other) {
    low_ += other.low_;
    const std::uint64_t carry = low_ < other.low_ ? 1 : 0;
    // Unsigned, because a forged state may hold any high word and signed overflow is undefined.
    high_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(high_) +
                                      static_cast<std::uint64_t>(other.high_) + carry);
  }

  constexpr std::int64_t high() const { return high_; }
  constexpr std::uint64_t low() const { return low_; }

  /// The sum, rounded to a double.
  constexpr double value() const {
    __extension__ using Wide = __int128;
    return static_cast<double>(static_cast<Wide>(high_) * (static_cast<Wide>(1) << 64) +
                               static_cast<Wide>(low_));
  }

  constexpr bool operator==(const WideSum&) const = default;

 private:
  std::uint64_t low_ = 0;
  std::int64_t high_ = 0;
};

}  // namespace revenue
