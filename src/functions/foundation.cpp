#include "functions/caller.hpp"
#include "pg/function.hpp"

namespace revenue::access {
namespace {

// The organisations where the caller has at least `level`; "own" means exactly the members, who
// write only what is theirs.
std::vector<std::int32_t> visible_orgs(std::string_view level) {
  const Caller& caller = current_caller();
  std::vector<std::int32_t> orgs;
  const auto keep = [&](auto&& allowed) {
    for (const Membership& membership : caller.memberships)
      if (allowed(membership.level)) orgs.push_back(membership.org_id);
  };
  const auto at_least = [&](Level wanted) { keep([=](Level has) { return has >= wanted; }); };
  if (level == "viewer") at_least(Level::viewer);
  else if (level == "member") at_least(Level::member);
  else if (level == "analyst") at_least(Level::analyst);
  else if (level == "admin") at_least(Level::admin);
  else if (level == "owner") at_least(Level::owner);
  else if (level == "own") keep([](Level has) { return has == Level::member; });
  else
    throw Error(ErrorCode::invalid_argument, "unknown access level \"" + std::string(level) + "\"",
                "Levels are owner, admin, analyst, member and viewer; own means exactly member.");
  return orgs;
}

// One array a call site and generation: a policy asks for every row of a scan.
struct VisibleOrgs {
  std::uint64_t generation;
  char level[16];
  Datum array;
};

}  // namespace

std::optional<std::string> caller_identity() {
  const std::string& identity = current_caller().identity;
  return identity.empty() ? std::nullopt : std::optional(identity);
}

std::int32_t current_org(std::optional<std::int32_t> org) {
  const Caller& caller = current_caller();
  if (org) {
    for (const Membership& membership : caller.memberships)
      if (membership.org_id == *org) return *org;
    throw Error(ErrorCode::insufficient_privilege,
                "organisation " + std::to_string(*org) + " does not exist or is not visible to you",
                "Ask its owner for revenue.add_member(), and check the setting revenue_intel.org_id.");
  }
  if (caller.memberships.size() == 1) return caller.memberships.front().org_id;
  if (caller.memberships.empty())
    throw Error(ErrorCode::insufficient_privilege, "no organisation is visible to you",
                "Create one with revenue.create_org(), or ask an owner for revenue.add_member().",
                chosen_org() == 0 ? "" : "The setting revenue_intel.org_id is " + std::to_string(chosen_org()) + ".");
  throw Error(ErrorCode::invalid_argument,
              std::to_string(caller.memberships.size()) + " organisations are visible and none is chosen",
              "Choose one with SET revenue_intel.org_id, or pass it as the argument org.");
}

bool own_rep(std::int32_t org_id, std::string_view rep_id) {
  for (const Rep& rep : current_caller().reps)
    if (rep.org_id == org_id && rep.rep_id == rep_id) return true;
  return false;
}

Datum visible_orgs_array(FunctionCallInfo fcinfo) {
  const std::string_view level = pg::Codec<std::string_view>::get(fcinfo->args[0].value);
  const std::uint64_t generation = current_caller().generation;
  auto* seen = static_cast<VisibleOrgs*>(fcinfo->flinfo->fn_extra);
  if (seen != nullptr && seen->generation == generation && level == seen->level) return seen->array;

  const std::vector<std::int32_t> orgs = visible_orgs(level);
  // The array before stays until the query ends: an executing index scan may still point to it.
  MemoryContext const caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
  const Datum array = pg::Codec<std::vector<std::int32_t>>::put(orgs);
  MemoryContextSwitchTo(caller);
  if (seen == nullptr) {
    seen = static_cast<VisibleOrgs*>(pg::allocate(sizeof(VisibleOrgs), fcinfo->flinfo->fn_mcxt));
    fcinfo->flinfo->fn_extra = seen;
  }
  *seen = {generation, {}, array};
  level.copy(seen->level, sizeof seen->level - 1);
  return array;
}

}  // namespace revenue::access

PG_FUNCTION(caller_identity, &revenue::access::caller_identity);
PG_FUNCTION(current_org, &revenue::access::current_org);
PG_FUNCTION(own_rep, &revenue::access::own_rep);

// Clocks of two systems disagree: what comes after its end has lasted no time,
// and what began before calendars did has lasted the longest time that scores take. Infinity is no number
// of days and gives NULL.
PG_FUNCTION(elapsed_days, [](revenue::Timestamp from, revenue::Timestamp to) -> std::optional<double> {
  if (!from.finite() || !to.finite()) return std::nullopt;
  return std::clamp(revenue::days_between(from, to), 0.0, 1e6);
});

REVENUE_ENTRY_POINT(visible_orgs)
Datum visible_orgs(PG_FUNCTION_ARGS) {
  return revenue::pg::guarded([fcinfo] { return revenue::access::visible_orgs_array(fcinfo); });
}
