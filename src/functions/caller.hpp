#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace revenue::access {

/// owner > admin > analyst > member > viewer, as numbers that compare.
enum class Level : std::int32_t { none = 0, viewer, member, analyst, admin, owner };

struct Membership {
  std::int32_t org_id;
  Level level;
};

struct Rep {
  std::int32_t org_id;
  std::string rep_id;
};

/// Who calls, and what he may see: read once a statement, because policies ask for every row.
struct Caller {
  std::string identity;  ///< role name or JWT subject; empty when the gateway sent no claim
  bool sees_everything;  ///< superuser, BYPASSRLS or the owner of the extension's tables
  std::vector<Membership> memberships;  ///< narrowed by revenue_intel.org_id
  std::vector<Rep> reps;                ///< the caller's own reps
  std::uint64_t generation;             ///< changes whenever the rest may have changed
};

/// The caller of the running statement. Valid until the next call.
const Caller& current_caller();

/// Defines the settings revenue_intel.identity_source, .jwt_claim and .org_id, and watches for the end
/// of transactions. Call once, at load.
void initialise();

/// revenue_intel.org_id, or 0 where it is not set.
std::int32_t chosen_org();

}  // namespace revenue::access
