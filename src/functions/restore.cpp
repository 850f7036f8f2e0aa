#include <cstring>

#include "pg/call.hpp"
#include "pg/function.hpp"
#include "pg/query.hpp"

extern "C" {
#include "commands/trigger.h"
}

// What a restore from --inserts calls for each of its statements. No query is planned here: each change of
// session_replication_role throws the plans of the session away.

namespace revenue::restore {
namespace {

// Set for as long as a statement of a restore runs; a rollback takes it back with session_replication_role.
constexpr const char* kFlag = "revenue.restore";

// Rows are loaded unchecked by foreign keys. Whoever owns the tables or the database could drop the keys or
// all of it; BYPASSRLS only says who may read and write every row.
bool may_restore(Oid role) {
  const Oid owner = pg::owner_of("revenue", "orgs");
  return pg::call([=] { return has_privs_of_role(role, owner) || pg::owns_database(MyDatabaseId, role); });
}

bool restoring() { return !row_security && !check_function_bodies && may_restore(GetOuterUserId()); }

// In the rights of the server: who may is decided above.
void switch_to(const char* flag, const char* replication_role) {
  pg::call([=] {
    const auto set = [](const char* name, const char* value) {
      set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
    };
    set(kFlag, flag);
    set("session_replication_role", replication_role);
  });
}

bool flagged() {
  const char* const flag = pg::call([] { return GetConfigOption(kFlag, true, false); });
  return flag != nullptr && std::strcmp(flag, "on") == 0;
}

void require_trigger(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    throw Error(ErrorCode::not_ready, "this function is a trigger of the extension's tables", "It cannot be called.");
}

}  // namespace
}  // namespace revenue::restore

PG_FUNCTION(restoring, &revenue::restore::restoring);

REVENUE_ENTRY_POINT(begin_restore)
Datum begin_restore(PG_FUNCTION_ARGS) {
  return revenue::pg::guarded([fcinfo]() -> Datum {
    revenue::restore::require_trigger(fcinfo);
    if (revenue::restore::restoring()) revenue::restore::switch_to("on", "replica");
    return 0;
  });
}

REVENUE_ENTRY_POINT(end_restore)
Datum end_restore(PG_FUNCTION_ARGS) {
  return revenue::pg::guarded([fcinfo]() -> Datum {
    revenue::restore::require_trigger(fcinfo);
    if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA && revenue::restore::flagged())
      revenue::restore::switch_to("", "origin");
    return 0;
  });
}
