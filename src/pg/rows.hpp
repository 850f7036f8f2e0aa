#pragma once

#include "pg/json.hpp"

namespace revenue::pg {

namespace detail {

struct RowSink {
  Tuplestorestate* rows;
  TupleDesc columns;
};

/// Opens the result set and checks that the SQL declaration has these column types; 55000 where an
/// SQL script of another version is installed.
RowSink open_rows(FunctionCallInfo fcinfo, const Oid* types, int count);

void put_row(const RowSink& sink, Datum* values, bool* nulls);

template <class Field>
Oid column_type() {
  if constexpr (is_optional<Field>) return column_type<typename Field::value_type>();
  else if constexpr (Value<Field>) return Codec<Field>::oid();
  else return JSONBOID;
}

template <class Field>
Datum put_column(const Field& field, bool& is_null) {
  is_null = false;
  if constexpr (is_optional<Field>) {
    if (field) return put_column(*field, is_null);
    is_null = true;
    return 0;
  } else if constexpr (Value<Field>) {
    return Codec<Field>::put(field);
  } else {
    return jsonb_from(field);
  }
}

}  // namespace detail

/// Rows that are made one by one: `each(use)` calls `use(row)` for every one of them.
template <class Rows>
concept MadeRows = requires(const Rows& rows, void (*use)(const typename Rows::value_type&)) { rows.each(use); };

/// Returns described structs as rows, in the order of their fields.
template <class Rows>
Datum put_rows(FunctionCallInfo fcinfo, const Rows& rows) {
  using Row = typename Rows::value_type;
  constexpr int kMostColumns = 64;
  Oid types[kMostColumns];
  int count = 0;
  const Row empty{};
  visit_fields(empty, [&](std::string_view, const auto& field) {
    types[count++] = detail::column_type<std::remove_cvref_t<decltype(field)>>();
  });
  const detail::RowSink sink = detail::open_rows(fcinfo, types, count);
  MemoryContext const per_row = call([] {
    return AllocSetContextCreate(CurrentMemoryContext, "revenue_intel row", ALLOCSET_SMALL_SIZES);
  });
  MemoryContext const caller = MemoryContextSwitchTo(per_row);
  const auto put = [&](const Row& row) {
    Datum values[kMostColumns];
    bool nulls[kMostColumns];
    int column = 0;
    visit_fields(row, [&](std::string_view, const auto& field) {
      values[column] = detail::put_column(field, nulls[column]);
      ++column;
    });
    detail::put_row(sink, values, nulls);
    call([per_row] { MemoryContextReset(per_row); });
    poll();
  };
  if constexpr (MadeRows<Rows>) rows.each(put);
  else std::for_each(rows.begin(), rows.end(), put);
  MemoryContextSwitchTo(caller);
  return 0;
}

template <Described Row>
std::string column_list() {
  std::string list;
  const Row empty{};
  visit_fields(empty, [&](std::string_view name, const auto& field) {
    const Oid type = detail::column_type<std::remove_cvref_t<decltype(field)>>();
    list.append(list.empty() ? "" : ", ").append(name).append(" ");
    list.append(call([type] { return format_type_be(type); }));
  });
  return list;
}

}  // namespace revenue::pg
