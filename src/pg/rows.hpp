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

/// A struct with an SQL row type of its own: std::vector of it is an array of that type.
template <class T>
concept RowType = Described<T> && requires {
  { T::kSqlName } -> std::convertible_to<const char*>;
};

namespace detail {

/// The columns of a row type; 55000 where the struct has others.
TupleDesc row_columns(const char* name, const Oid* types, int count);

struct RowArray {
  Datum* rows;
  int count;
};
RowArray rows_of(Datum array, TupleDesc columns);
void read_row(Datum row, TupleDesc columns, Datum* values, bool* nulls);
Datum row_from(TupleDesc columns, Datum* values, bool* nulls);
Datum array_from(TupleDesc columns, Datum* rows, std::size_t count);

template <class Field>
void get_column(Field& field, Datum value, bool is_null) {
  if constexpr (is_optional<Field>) {
    field.reset();
    if (!is_null) get_column(field.emplace(), value, false);
  } else {
    if (is_null)
      throw Error(ErrorCode::invalid_argument, "a row of the array lacks a value", "Pass rows as the extension makes them.");
    field = Codec<Field>::get(value);
  }
}

}  // namespace detail

template <RowType Row>
struct Codec<std::vector<Row>> {
  static constexpr int kMostColumns = 64;

  static Oid oid() {
    const Oid row = detail::type_named(Row::kSqlName);
    return call([row] { return get_array_type(row); });
  }

  static TupleDesc columns() {
    Oid types[kMostColumns];
    int count = 0;
    const Row empty{};
    visit_fields(empty, [&](std::string_view, const auto& field) {
      types[count++] = detail::column_type<std::remove_cvref_t<decltype(field)>>();
    });
    return detail::row_columns(Row::kSqlName, types, count);
  }

  static std::vector<Row> get(Datum datum) {
    TupleDesc const described = columns();
    const detail::RowArray array = detail::rows_of(datum, described);
    std::vector<Row> rows(static_cast<std::size_t>(array.count));
    Datum values[kMostColumns];
    bool nulls[kMostColumns];
    for (int i = 0; i < array.count; ++i) {
      detail::read_row(array.rows[i], described, values, nulls);
      int column = 0;
      visit_fields(rows[static_cast<std::size_t>(i)], [&](std::string_view, auto& field) {
        detail::get_column(field, values[column], nulls[column]);
        ++column;
      });
    }
    return rows;
  }

  static Datum put(const std::vector<Row>& rows) {
    TupleDesc const described = columns();
    auto* made = static_cast<Datum*>(allocate(sizeof(Datum) * std::max<std::size_t>(rows.size(), 1)));
    Datum values[kMostColumns];
    bool nulls[kMostColumns];
    for (std::size_t i = 0; i < rows.size(); ++i) {
      int column = 0;
      visit_fields(rows[i], [&](std::string_view, const auto& field) {
        values[column] = detail::put_column(field, nulls[column]);
        ++column;
      });
      made[i] = detail::row_from(described, values, nulls);
    }
    return detail::array_from(described, made, rows.size());
  }
};

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
