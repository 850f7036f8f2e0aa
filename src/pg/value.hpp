#pragma once

#include "core/foundation/time.hpp"
#include "pg/numeric.hpp"

namespace revenue::pg {

/// How a C++ type is an SQL type: `oid()`, `get(Datum)`, `put(value)`.
/// A type without a Codec does not compile as an argument or a result.
template <class T>
struct Codec;

template <>
struct Codec<bool> {
  static Oid oid() { return BOOLOID; }
  static bool get(Datum datum) { return DatumGetBool(datum); }
  static Datum put(bool value) { return BoolGetDatum(value); }
};

template <>
struct Codec<std::int32_t> {
  static Oid oid() { return INT4OID; }
  static std::int32_t get(Datum datum) { return DatumGetInt32(datum); }
  static Datum put(std::int32_t value) { return Int32GetDatum(value); }
};

template <>
struct Codec<std::int64_t> {
  static Oid oid() { return INT8OID; }
  static std::int64_t get(Datum datum) { return DatumGetInt64(datum); }
  static Datum put(std::int64_t value) { return Int64GetDatum(value); }
};

template <>
struct Codec<double> {
  static Oid oid() { return FLOAT8OID; }
  static double get(Datum datum) { return DatumGetFloat8(datum); }
  static Datum put(double value) { return Float8GetDatum(value); }
};

template <>
struct Codec<Money> {
  static Oid oid() { return NUMERICOID; }
  static Money get(Datum datum) { return money_from(datum); }
  static Datum put(Money value) { return numeric_from(value); }
};

template <>
struct Codec<Timestamp> {
  static Oid oid() { return TIMESTAMPTZOID; }
  static Timestamp get(Datum datum) { return {DatumGetTimestampTz(datum)}; }
  static Datum put(Timestamp value) { return TimestampTzGetDatum(value.micros); }
};

namespace detail {
/// timestamptz to what the clock shows in the session's TimeZone, and back.
std::int64_t local_from(std::int64_t instant);
std::int64_t instant_from(std::int64_t local);
}  // namespace detail

template <>
struct Codec<LocalTime> {
  static Oid oid() { return TIMESTAMPTZOID; }
  static LocalTime get(Datum datum) { return {detail::local_from(DatumGetTimestampTz(datum))}; }
  static Datum put(LocalTime value) { return TimestampTzGetDatum(detail::instant_from(value.micros)); }
};

template <>
struct Codec<Date> {
  static Oid oid() { return DATEOID; }
  static Date get(Datum datum) { return {DatumGetInt32(datum)}; }
  static Datum put(Date value) { return Int32GetDatum(value.days); }
};

/// A view into the tuple or the detoasted copy; valid for the call.
template <>
struct Codec<std::string_view> {
  static Oid oid() { return TEXTOID; }
  static std::string_view get(Datum datum) {
    auto* raw = reinterpret_cast<varlena*>(DatumGetPointer(datum));
    if (unlikely(VARATT_IS_EXTERNAL(raw) || VARATT_IS_COMPRESSED(raw)))
      raw = call([raw] { return pg_detoast_datum_packed(raw); });
    return {VARDATA_ANY(raw), VARSIZE_ANY_EXHDR(raw)};
  }
  static Datum put(std::string_view value) {
    auto* text = static_cast<varlena*>(allocate(value.size() + VARHDRSZ));
    SET_VARSIZE(text, value.size() + VARHDRSZ);
    std::memcpy(VARDATA(text), value.data(), value.size());
    return PointerGetDatum(text);
  }
};

template <>
struct Codec<std::string> {
  static Oid oid() { return TEXTOID; }
  static std::string get(Datum datum) { return std::string(Codec<std::string_view>::get(datum)); }
  static Datum put(const std::string& value) { return Codec<std::string_view>::put(value); }
};

template <class T>
struct ArrayElement;
template <>
struct ArrayElement<std::string> {
  static Oid array_oid() { return TEXTARRAYOID; }
  static constexpr int length = -1;
  static constexpr bool by_value = false;
  static constexpr char alignment = TYPALIGN_INT;
};
template <>
struct ArrayElement<std::string_view> : ArrayElement<std::string> {};

namespace detail {
/// The type of that qualified name; throws 55000 where it does not exist.
Oid type_named(const char* name);

struct WordElement {  // eight bytes, in the datum itself
  static constexpr int length = 8;
  static constexpr bool by_value = true;
  static constexpr char alignment = TYPALIGN_DOUBLE;
};
struct HalfWordElement {
  static constexpr int length = 4;
  static constexpr bool by_value = true;
  static constexpr char alignment = TYPALIGN_INT;
};
struct Elements {
  Datum* values;
  int count;
};
/// The elements of an array of one dimension; 22023 for another shape or for a NULL in it.
Elements array_elements(Datum array, Oid type, int length, bool by_value, char alignment);
}  // namespace detail

template <>
struct ArrayElement<std::int32_t> : detail::HalfWordElement {
  static Oid array_oid() { return INT4ARRAYOID; }
};
template <>
struct ArrayElement<Date> : detail::HalfWordElement {
  static Oid array_oid() { return DATEARRAYOID; }
};
template <>
struct ArrayElement<std::int64_t> : detail::WordElement {
  static Oid array_oid() { return INT8ARRAYOID; }
};
template <>
struct ArrayElement<double> : detail::WordElement {
  static Oid array_oid() { return FLOAT8ARRAYOID; }
};
template <>
struct ArrayElement<Timestamp> : detail::WordElement {
  static Oid array_oid() { return TIMESTAMPTZARRAYOID; }
};

template <class T>
  requires requires { ArrayElement<T>::length; }
struct Codec<std::vector<T>> {
  using Element = ArrayElement<T>;

  static Oid oid() { return Element::array_oid(); }
  static std::vector<T> get(Datum datum) {
    const detail::Elements elements =
        detail::array_elements(datum, Codec<T>::oid(), Element::length, Element::by_value, Element::alignment);
    std::vector<T> values;
    values.reserve(static_cast<std::size_t>(elements.count));
    for (int i = 0; i < elements.count; ++i) values.push_back(Codec<T>::get(elements.values[i]));
    return values;
  }
  static Datum put(const std::vector<T>& values) {
    const int count = static_cast<int>(values.size());
    auto* elements = static_cast<Datum*>(allocate(sizeof(Datum) * std::max<std::size_t>(values.size(), 1)));
    for (int i = 0; i < count; ++i) elements[i] = Codec<T>::put(values[static_cast<std::size_t>(i)]);
    return call([=] {
      return PointerGetDatum(construct_array(elements, count, Codec<T>::oid(), Element::length,
                                             Element::by_value, Element::alignment));
    });
  }
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept Value = requires { Codec<T>::oid(); };

}  // namespace revenue::pg
