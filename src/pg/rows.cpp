#include "pg/rows.hpp"

namespace revenue::pg::detail {

RowSink open_rows(FunctionCallInfo fcinfo, const Oid* types, int count) {
  const RowSink sink = call([fcinfo]() -> RowSink {
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    return {result->setResult, result->setDesc};
  });
  bool same = sink.columns->natts == count;
  for (int i = 0; same && i < count; ++i) same = TupleDescAttr(sink.columns, i)->atttypid == types[i];
  if (!same)
    throw Error(ErrorCode::not_ready, "the function's SQL declaration does not fit the installed library",
                "Run ALTER EXTENSION revenue_intel UPDATE.");
  return sink;
}

void put_row(const RowSink& sink, Datum* values, bool* nulls) {
  call([&] { tuplestore_putvalues(sink.rows, sink.columns, values, nulls); });
}

}  // namespace revenue::pg::detail
