#pragma once

#include <ranges>

#include "core/foundation/fields.hpp"
#include "core/foundation/table.hpp"
#include "pg/value.hpp"

namespace revenue::pg {

namespace detail {

// Everything named push_* runs inside pg::call: it owns nothing and may ereport.
inline void push_value(JsonbParseState*& state, JsonbIteratorToken token, JsonbValue& value) {
  pushJsonbValue(&state, token, &value);
}

inline void push_key(JsonbParseState*& state, std::string_view name) {
  JsonbValue key;
  key.type = jbvString;
  key.val.string.val = const_cast<char*>(name.data());
  key.val.string.len = static_cast<int>(name.size());
  pushJsonbValue(&state, WJB_KEY, &key);
}

inline void push_numeric(JsonbParseState*& state, JsonbIteratorToken token, Datum numeric) {
  JsonbValue value;
  value.type = jbvNumeric;
  value.val.numeric = DatumGetNumeric(numeric);
  push_value(state, token, value);
}

inline void push_null(JsonbParseState*& state, JsonbIteratorToken token) {
  JsonbValue value;
  value.type = jbvNull;
  push_value(state, token, value);
}

template <class T>
JsonbValue* push(JsonbParseState*& state, JsonbIteratorToken token, const T& item);

struct JsonField {
  std::string_view name;
  std::size_t offset;
  void (*push)(JsonbParseState*& state, const void* field);
};

// The fields in the order in which jsonb stores keys, shorter ones first: pushed that way, the sort
// at the end of an object finds nothing to do. Built when the library loads, because a first use
// inside pg::call could throw there.
template <Described T>
inline const std::vector<JsonField> json_fields = [] {
  std::vector<JsonField> all;
  const T object{};
  visit_fields(object, [&](std::string_view name, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    all.push_back({name,
                   static_cast<std::size_t>(reinterpret_cast<const char*>(&field) -
                                            reinterpret_cast<const char*>(&object)),
                   [](JsonbParseState*& state, const void* raw) {
                     push(state, WJB_VALUE, *static_cast<const Field*>(raw));
                   }});
  });
  std::sort(all.begin(), all.end(), [](const JsonField& a, const JsonField& b) {
    return std::pair(a.name.size(), a.name) < std::pair(b.name.size(), b.name);
  });
  return all;
}();

template <class T>
JsonbValue* push(JsonbParseState*& state, JsonbIteratorToken token, const T& item) {
  if constexpr (is_optional<T>) {
    if (item) push(state, token, *item);
    else push_null(state, token);
  } else if constexpr (std::is_same_v<T, bool>) {
    JsonbValue value;
    value.type = jbvBool;
    value.val.boolean = item;
    push_value(state, token, value);
  } else if constexpr (std::is_integral_v<T>) {
    push_numeric(state, token, NumericGetDatum(int64_to_numeric(item)));
  } else if constexpr (std::is_same_v<T, double>) {
    if (std::isfinite(item)) push_numeric(state, token, raw_numeric(item));
    else push_null(state, token);
  } else if constexpr (std::is_same_v<T, Money>) {
    push_numeric(state, token, raw_numeric(item));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    const std::string_view text = item;
    JsonbValue value;
    value.type = jbvString;
    value.val.string.val = const_cast<char*>(text.data());
    value.val.string.len = static_cast<int>(text.size());
    push_value(state, token, value);
  } else if constexpr (std::is_same_v<T, Table>) {
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (const auto& [name, number] : item.entries()) {
      push_key(state, name);
      push(state, WJB_VALUE, number);
    }
    return pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
  } else if constexpr (Described<const T>) {
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    for (const JsonField& field : json_fields<T>) {
      push_key(state, field.name);
      field.push(state, reinterpret_cast<const char*>(&item) + field.offset);
    }
    return pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
  } else {
    static_assert(std::ranges::range<const T>);
    pushJsonbValue(&state, WJB_BEGIN_ARRAY, nullptr);
    for (const auto& element : item) {
      CHECK_FOR_INTERRUPTS();
      push(state, WJB_ELEM, element);
    }
    return pushJsonbValue(&state, WJB_END_ARRAY, nullptr);
  }
  return nullptr;
}

}  // namespace detail

/// A described struct as a jsonb object, one key a field. A double that is not finite becomes null.
template <Described T>
Datum jsonb_from(const T& object) {
  return call([&object] {
    JsonbParseState* state = nullptr;
    return JsonbPGetDatum(JsonbValueToJsonb(detail::push(state, WJB_VALUE, object)));
  });
}

/// A jsonb argument as it is; valid for the call.
struct JsonView {
  JsonbContainer* container;
};

template <>
struct Codec<JsonView> {
  static Oid oid() { return JSONBOID; }
  static JsonView get(Datum datum) {
    return {call([datum] { return &DatumGetJsonbP(datum)->root; })};
  }
};

/// One entry of a jsonb object, viewed in place.
struct JsonEntry {
  std::string_view key;
  JsonbValue value;
};

/// The entries of a jsonb object; throws 22023 when `container` is anything else.
/// `path` names it in the error text.
std::vector<JsonEntry> object_entries(JsonbContainer* container, std::string_view path);

double number_from(const JsonbValue& value, std::string_view path);

std::string_view text_from(const JsonbValue& value, std::string_view path);

bool boolean_from(const JsonbValue& value, std::string_view path);

/// The elements of a jsonb array; throws 22023 when `value` is anything else.
std::vector<JsonbValue> array_elements(const JsonbValue& value, std::string_view path);

template <Described T>
void read_fields(JsonbContainer* container, T& into, const std::string& path);

/// Overwrites `into` with the jsonb value; throws 22023 for one of the wrong type.
template <class T>
void read_value(const JsonbValue& value, T& into, const std::string& path) {
  JsonbContainer* inner = value.type == jbvBinary ? value.val.binary.data : nullptr;
  if constexpr (is_optional<T>) {
    into.reset();
    if (value.type != jbvNull) read_value(value, into.emplace(), path);
  } else if constexpr (std::is_same_v<T, double>) {
    into = number_from(value, path);
  } else if constexpr (std::is_same_v<T, bool>) {
    into = boolean_from(value, path);
  } else if constexpr (std::is_integral_v<T>) {
    const double number = number_from(value, path);
    if (number != std::trunc(number) || !(std::fabs(number) <= static_cast<double>(std::numeric_limits<T>::max() / 2)))
      throw Error(ErrorCode::invalid_argument, path + " must be a whole number", "Write it without decimals.");
    into = static_cast<T>(number);
  } else if constexpr (std::is_same_v<T, std::string>) {
    into = text_from(value, path);
  } else if constexpr (std::is_same_v<T, Table>) {
    for (const JsonEntry& cell : object_entries(inner, path))
      into.set(cell.key, number_from(cell.value, path + "." + std::string(cell.key)));
  } else if constexpr (Described<T>) {
    read_fields(inner, into, path);
  } else {
    into.clear();
    for (const JsonbValue& element : array_elements(value, path)) read_value(element, into.emplace_back(), path);
  }
}

/// Overwrites the fields that the jsonb object names and leaves the others as they are.
/// Throws 22023 for a key that is no field and for a value of the wrong type.
template <Described T>
void read_fields(JsonbContainer* container, T& into, const std::string& path) {
  for (const JsonEntry& entry : object_entries(container, path)) {
    const std::string here = path.empty() ? std::string(entry.key) : path + "." + std::string(entry.key);
    bool known = false;
    std::string names;
    visit_fields(into, [&](std::string_view name, auto& field) {
      names.append(names.empty() ? "" : ", ").append(name);
      if (known || name != entry.key) return;
      known = true;
      read_value(entry.value, field, here);
    });
    if (!known)
      throw Error(ErrorCode::invalid_argument, "unknown key \"" + here + "\"", "Known keys here: " + names + ".");
  }
}

}  // namespace revenue::pg
