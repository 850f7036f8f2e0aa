#pragma once

#include <cstdint>
#include <optional>

namespace revenue::recurring {

enum class Discounts : std::uint8_t { all, recurring, none };

/// How recurring revenue is read where definitions differ; the defaults are those of the SQL
/// function builtin_policies(), which says what each of them means.
struct Policies {
  Discounts discounts = Discounts::all;
  bool churn_on_cancel_date = false;
  bool same_period_dropped = false;
  std::optional<std::int32_t> reactivation_within_days;  ///< nothing: at any time
  std::int32_t reactivation_gap_days = 0;
  bool paused_unchanged = false;
  bool trial_included = false;
  std::int32_t past_due_grace_days = 0;
  bool free_is_active = false;
};

}  // namespace revenue::recurring
