#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/foundation/money.hpp"

namespace revenue::scoring {

/// Checks of what callers pass. Each throws invalid_argument that names the argument, says what it
/// may be and what was found. Nothing (unknown) always passes.

[[noreturn]] void reject_argument(std::string_view name, std::string_view must, double found);
[[noreturn]] void reject_argument(std::string_view name, std::string_view must, std::int64_t found);

[[noreturn]] void reject_percentage(std::string_view name, double found);

/// Beyond any calendar, and small enough that arithmetic on days never overflows.
inline constexpr double kMostDays = 1e6;

// Written as !(in range), so that NaN fails.
inline void require_days(std::string_view name, const std::optional<double>& days) {
  if (days && !(*days >= 0 && *days <= kMostDays))
    reject_argument(name, "from 0 to 1000000 days", *days);
}

inline void require_signed_days(std::string_view name, const std::optional<double>& days) {
  if (days && !(*days >= -kMostDays && *days <= kMostDays))
    reject_argument(name, "from -1000000 to 1000000 days", *days);
}

inline void require_score(std::string_view name, const std::optional<double>& score) {
  if (score && !(*score >= 0 && *score <= 100)) reject_argument(name, "from 0 to 100", *score);
}

inline void require_probability(std::string_view name, double p) {
  if (!(p >= 0 && p <= 1)) reject_argument(name, "from 0 to 1", p);
}

inline void require_count(std::string_view name, const std::optional<std::int64_t>& count) {
  if (count && *count < 0) reject_argument(name, "0 or more", *count);
}

inline void require_amount(std::string_view name, const std::optional<Money>& amount) {
  if (amount && amount->micros < 0) reject_argument(name, "0 or more", amount->value());
}

/// Finite and at least `least`; `must` says so in words.
void require_at_least(std::string_view name, const std::optional<double>& value, double least,
                      std::string_view must);

}  // namespace revenue::scoring
