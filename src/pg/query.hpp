#pragma once

#include "pg/value.hpp"

namespace revenue::pg {

/// The rows of a small look-up query, copied into the caller's memory context.
struct QueryResult {
  Datum* values;
  bool* nulls;
  int rows;
  int columns;

  Datum at(int row, int column) const { return values[row * columns + column]; }
};

/// Runs a read-only statement with the rights of `role`, so that row-level security of the tables it
/// reads does not call back into the function that asks. Every name in `sql` must be qualified.
QueryResult read_as(Oid role, const char* sql, std::initializer_list<Datum> arguments,
                    std::initializer_list<Oid> types);

/// The owner of schema.table; throws 55000 where the table does not exist.
Oid owner_of(const char* schema, const char* table);

}  // namespace revenue::pg
