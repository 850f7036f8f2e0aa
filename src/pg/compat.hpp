#pragma once

/// What differs between PostgreSQL 15 and 18, as wrappers with the newest signature.
/// Include through pg/postgres.hpp.

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "revenue_intel builds on PostgreSQL 15 to 18"
#endif

namespace revenue::pg {

inline bool owns_database(Oid database, Oid role) {
#if PG_VERSION_NUM >= 160000
  return object_ownercheck(DatabaseRelationId, database, role);
#else
  return pg_database_ownercheck(database, role);
#endif
}

}  // namespace revenue::pg
