#include "pg/value.hpp"

namespace revenue::pg::detail {

std::int64_t local_from(std::int64_t instant) {
  return call([=] {
    return DatumGetInt64(DirectFunctionCall1(timestamptz_timestamp, Int64GetDatum(instant)));
  });
}

std::int64_t instant_from(std::int64_t local) {
  return call([=] {
    return DatumGetInt64(DirectFunctionCall1(timestamp_timestamptz, Int64GetDatum(local)));
  });
}

Oid type_named(const char* name) {
  const char* const dot = std::strchr(name, '.');
  const Oid type = call([name, dot] {
    char schema[NAMEDATALEN];
    strlcpy(schema, name, std::min<std::size_t>(sizeof schema, static_cast<std::size_t>(dot - name) + 1));
    const Oid space = get_namespace_oid(schema, true);
    return OidIsValid(space) ? GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(dot + 1), ObjectIdGetDatum(space))
                             : InvalidOid;
  });
  if (!OidIsValid(type))
    throw Error(ErrorCode::not_ready, std::string("type ") + name + " does not exist",
                "Run ALTER EXTENSION revenue_intel UPDATE in this database.");
  return type;
}

Elements array_elements(Datum array, Oid type, int length, bool by_value, char alignment) {
  const char* fault = nullptr;
  const Elements elements = call([=, &fault]() -> Elements {
    ArrayType* parsed = DatumGetArrayTypeP(array);
    if (ARR_NDIM(parsed) > 1)
      fault = "an array must have one dimension";
    else if (array_contains_nulls(parsed))
      fault = "an array must not contain NULL";
    if (fault != nullptr) return {nullptr, 0};
    Elements found;
    bool* nulls;
    deconstruct_array(parsed, type, length, by_value, alignment, &found.values, &nulls,
                      &found.count);
    return found;
  });
  if (fault != nullptr)
    throw Error(ErrorCode::invalid_argument, fault,
                "Pass a plain list of known values, such as {1, 2, 3}.");
  return elements;
}

}  // namespace revenue::pg::detail
