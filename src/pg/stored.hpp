#pragma once

#include "core/foundation/bytes.hpp"
#include "pg/function.hpp"

namespace revenue::pg {

/// A C++ value that SQL keeps as a type of its own: in columns, in dumps, across servers. It has
///   static constexpr const char* kSqlName;  // qualified, such as "revenue.series_model"
///   void serialize(Writer&) const;
///   static T deserialize(Reader&);          // throws for bytes that serialize() did not write;
///                                           // may take a Poll as its last argument
/// The type's text form is that of bytea.
template <class T>
concept Stored = requires(const T& value, Writer& writer, Reader& reader) {
  { T::kSqlName } -> std::convertible_to<const char*>;
  value.serialize(writer);
  { T::deserialize(reader) } -> std::same_as<T>;
};

namespace detail {

constexpr std::uint8_t kStoredVersion = 1;

/// Throws an Error that names the type in place of what the reader of its bytes threw.
[[noreturn]] void malformed_value(const char* type);

template <Stored T>
T read_stored(std::string_view bytes) {
  try {
    Reader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
    if (reader.get<std::uint8_t>() != kStoredVersion) Reader::malformed();
    T value = [&reader] {
      if constexpr (std::is_invocable_v<decltype(&T::deserialize), Reader&, Poll>) return T::deserialize(reader, &poll);
      else return T::deserialize(reader);
    }();
    reader.expect_end();
    return value;
  } catch (const Error& error) {
    if (error.code != ErrorCode::malformed) throw;
  }
  malformed_value(T::kSqlName);
}

/// Bytes from their text form (cstring to bytea); the error names the type.
Datum bytes_from_text(Datum text, const char* type);
Datum text_from_bytes(Datum bytes);
Datum bytes_received(Datum buffer);
Datum bytes_sent(Datum bytes);

template <Stored T>
Datum checked(Datum bytes) {
  read_stored<T>(Codec<std::string_view>::get(bytes));
  return bytes;
}

template <Stored T>
Signature stored_signature(const char* argument, const char* result) {
  Signature signature;
  signature.argument_types = argument;
  signature.strict = true;
  signature.result = result;
  const Oid type = type_named(T::kSqlName);
  for (std::string* name : {&signature.argument_types, &signature.result})
    if (name->empty()) *name = call([type] { return format_type_be(type); });
  return signature;
}

}  // namespace detail

template <Stored T>
struct Codec<T> {
  static Oid oid() { return detail::type_named(T::kSqlName); }
  static T get(Datum datum) { return detail::read_stored<T>(Codec<std::string_view>::get(datum)); }
  static Datum put(const T& value) {
    Writer writer;
    writer.put(detail::kStoredVersion);
    value.serialize(writer);
    return Codec<std::string_view>::put(writer.bytes());
  }
};

}  // namespace revenue::pg

#define REVENUE_STORED_PART(symbol, type, argument, result, ...)                            \
  REVENUE_ENTRY_POINT(symbol)                                                               \
  Datum symbol(PG_FUNCTION_ARGS) {                                                          \
    using namespace ::revenue::pg::detail;                                                  \
    return ::revenue::pg::guarded([given = fcinfo->args[0].value] { return __VA_ARGS__; }); \
  }                                                                                         \
  static const ::revenue::pg::Registration registration_of_##symbol(                        \
      #symbol, [] { return ::revenue::pg::detail::stored_signature<type>(argument, result); })

/// Makes the C functions of the SQL type `name` that keeps values of `type`: name_in, name_out,
/// name_recv and name_send.
#define PG_STORED_TYPE(name, type)                                                              \
  REVENUE_STORED_PART(name##_in, type, "cstring", "",                                           \
                      checked<type>(bytes_from_text(given, type::kSqlName)));                   \
  REVENUE_STORED_PART(name##_out, type, "", "cstring", text_from_bytes(given));                 \
  REVENUE_STORED_PART(name##_recv, type, "internal", "", checked<type>(bytes_received(given))); \
  REVENUE_STORED_PART(name##_send, type, "", "bytea", bytes_sent(given))
