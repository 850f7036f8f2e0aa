#include "pg/json.hpp"

namespace revenue::pg {
namespace {

struct RawEntries {
  JsonEntry* entries;
  int count;
};

std::string named(std::string_view path) {
  return path.empty() ? std::string("the value") : "\"" + std::string(path) + "\"";
}

}  // namespace

std::vector<JsonEntry> object_entries(JsonbContainer* container, std::string_view path) {
  if (container == nullptr || !JsonContainerIsObject(container))
    throw Error(ErrorCode::invalid_argument, named(path) + " must be a JSON object",
                "Write it as {\"name\": value, ...}.");
  const RawEntries raw = call([container]() -> RawEntries {
    auto* entries = static_cast<JsonEntry*>(palloc(sizeof(JsonEntry) * (JsonContainerSize(container) + 1)));
    int count = 0;
    JsonbIterator* iterator = JsonbIteratorInit(container);
    JsonbValue value;
    for (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &value, true); token != WJB_DONE;
         token = JsonbIteratorNext(&iterator, &value, true)) {
      if (token == WJB_KEY)
        entries[count].key = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
      else if (token == WJB_VALUE)
        entries[count++].value = value;
    }
    return {entries, count};
  });
  return {raw.entries, raw.entries + raw.count};
}

double number_from(const JsonbValue& value, std::string_view path) {
  if (value.type != jbvNumeric)
    throw Error(ErrorCode::invalid_argument, named(path) + " must be a number", "Write a JSON number, without quotes.");
  try {
    return call([&value] {
      return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(value.val.numeric)));
    });
  } catch (const ServerError& error) {
    if (error.data->sqlerrcode != ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE) throw;
    throw Error(ErrorCode::out_of_range, named(path) + " is out of range",
                "Write a number that a double precision can hold.");
  }
}

}  // namespace revenue::pg
