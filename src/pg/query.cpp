#include "pg/query.hpp"

namespace revenue::pg {
namespace {

QueryResult copy_rows(MemoryContext into) {
  const TupleDesc columns = SPI_tuptable->tupdesc;
  const int rows = static_cast<int>(SPI_processed);
  const int count = columns->natts;
  MemoryContext const old = MemoryContextSwitchTo(into);
  const auto cells = static_cast<Size>(rows) * static_cast<Size>(count) + 1;
  auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * cells));
  auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * cells));
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < count; ++column) {
      const int cell = row * count + column;
      const Form_pg_attribute attribute = TupleDescAttr(columns, column);
      const Datum value = SPI_getbinval(SPI_tuptable->vals[row], columns, column + 1, &nulls[cell]);
      values[cell] = nulls[cell] ? 0 : datumCopy(value, attribute->attbyval, attribute->attlen);
    }
  MemoryContextSwitchTo(old);
  return {values, nulls, rows, count};
}

}  // namespace

QueryResult read_as(Oid role, const char* sql, std::initializer_list<Datum> arguments,
                    std::initializer_list<Oid> types) {
  return call([&]() -> QueryResult {
    MemoryContext const caller = CurrentMemoryContext;
    Oid user;
    int security;
    GetUserIdAndSecContext(&user, &security);
    // An error on the way leaves the transaction, whose abort puts the user back.
    SetUserIdAndSecContext(role, security | SECURITY_LOCAL_USERID_CHANGE);
    SPI_connect();
    const int status =
        SPI_execute_with_args(sql, static_cast<int>(types.size()), const_cast<Oid*>(types.begin()),
                              const_cast<Datum*>(arguments.begin()), nullptr, true, 0);
    if (status != SPI_OK_SELECT) elog(ERROR, "look-up failed: %s", SPI_result_code_string(status));
    const QueryResult result = copy_rows(caller);
    SPI_finish();
    SetUserIdAndSecContext(user, security);
    return result;
  });
}

Oid owner_of(const char* schema, const char* table) {
  const Oid owner = call([=]() -> Oid {
    const Oid space = get_namespace_oid(schema, true);
    const Oid relation = OidIsValid(space) ? get_relname_relid(table, space) : InvalidOid;
    if (!OidIsValid(relation)) return InvalidOid;
    const HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) return InvalidOid;
    const Oid found = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return found;
  });
  if (!OidIsValid(owner))
    throw Error(ErrorCode::not_ready, std::string("table ") + schema + "." + table + " does not exist",
                "Run CREATE EXTENSION revenue_intel in this database.");
  return owner;
}

}  // namespace revenue::pg
