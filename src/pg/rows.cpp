#include "pg/rows.hpp"

namespace revenue::pg::detail {
namespace {

void require_columns(TupleDesc columns, const Oid* types, int count) {
  bool same = columns->natts == count;
  for (int i = 0; same && i < count; ++i) same = TupleDescAttr(columns, i)->atttypid == types[i];
  if (!same)
    throw Error(ErrorCode::not_ready, "the function's SQL declaration does not fit the installed library",
                "Run ALTER EXTENSION revenue_intel UPDATE.");
}

}  // namespace

RowSink open_rows(FunctionCallInfo fcinfo, const Oid* types, int count) {
  const RowSink sink = call([fcinfo]() -> RowSink {
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    return {result->setResult, result->setDesc};
  });
  require_columns(sink.columns, types, count);
  return sink;
}

void put_row(const RowSink& sink, Datum* values, bool* nulls) {
  call([&] { tuplestore_putvalues(sink.rows, sink.columns, values, nulls); });
}

TupleDesc row_columns(const char* name, const Oid* types, int count) {
  const Oid type = type_named(name);
  TupleDesc const columns = call([type] { return lookup_type_cache(type, TYPECACHE_TUPDESC)->tupDesc; });
  if (columns == nullptr)
    throw Error(ErrorCode::not_ready, std::string(name) + " is no row type", "Run ALTER EXTENSION revenue_intel UPDATE.");
  require_columns(columns, types, count);
  return columns;
}

RowArray rows_of(Datum array, TupleDesc columns) {
  const Elements elements = array_elements(array, columns->tdtypeid, -1, false, TYPALIGN_DOUBLE);
  return {elements.values, elements.count};
}

void read_row(Datum row, TupleDesc columns, Datum* values, bool* nulls) {
  call([=] {
    HeapTupleHeader const header = DatumGetHeapTupleHeader(row);
    HeapTupleData tuple;
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&tuple.t_self);
    tuple.t_tableOid = InvalidOid;
    tuple.t_data = header;
    heap_deform_tuple(&tuple, columns, values, nulls);
  });
}

Datum row_from(TupleDesc columns, Datum* values, bool* nulls) {
  return call([=] { return HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)); });
}

Datum array_from(TupleDesc columns, Datum* rows, std::size_t count) {
  return call([=] {
    return PointerGetDatum(
        construct_array(rows, static_cast<int>(count), columns->tdtypeid, -1, false, TYPALIGN_DOUBLE));
  });
}

}  // namespace revenue::pg::detail
