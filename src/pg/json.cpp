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

std::string_view text_from(const JsonbValue& value, std::string_view path) {
  if (value.type != jbvString)
    throw Error(ErrorCode::invalid_argument, named(path) + " must be a text", "Write a JSON string, in quotes.");
  return {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
}

bool boolean_from(const JsonbValue& value, std::string_view path) {
  if (value.type != jbvBool)
    throw Error(ErrorCode::invalid_argument, named(path) + " must be true or false", "Write it without quotes.");
  return value.val.boolean;
}

std::vector<JsonbValue> array_elements(const JsonbValue& value, std::string_view path) {
  JsonbContainer* container = value.type == jbvBinary ? value.val.binary.data : nullptr;
  if (container == nullptr || !JsonContainerIsArray(container) || JsonContainerIsScalar(container))
    throw Error(ErrorCode::invalid_argument, named(path) + " must be a JSON array", "Write it as [value, ...].");
  struct RawElements {
    JsonbValue* values;
    int count;
  };
  const RawElements raw = call([container]() -> RawElements {
    auto* values = static_cast<JsonbValue*>(palloc(sizeof(JsonbValue) * (JsonContainerSize(container) + 1)));
    int count = 0;
    JsonbIterator* iterator = JsonbIteratorInit(container);
    JsonbValue element;
    for (JsonbIteratorToken token = JsonbIteratorNext(&iterator, &element, true); token != WJB_DONE;
         token = JsonbIteratorNext(&iterator, &element, true))
      if (token == WJB_ELEM) values[count++] = element;
    return {values, count};
  });
  return {raw.values, raw.values + raw.count};
}

}  // namespace revenue::pg
