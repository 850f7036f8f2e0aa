#pragma once

#include <array>

#include "pg/argument.hpp"
#include "pg/rows.hpp"

namespace revenue::pg {

namespace detail {

template <class... A>
constexpr auto argument_offsets() {
  std::array<int, sizeof...(A) + 1> offsets{};
  std::size_t i = 0;
  ((offsets[i + 1] = offsets[i] + ArgumentFor<A>::width, ++i), ...);
  return offsets;
}

template <class... A>
struct Arguments {
  static constexpr auto offset = argument_offsets<A...>();

  template <std::size_t... I>
  static bool missing([[maybe_unused]] FunctionCallInfo fcinfo, [[maybe_unused]] int first,
                      std::index_sequence<I...>) {
    return (ArgumentFor<A>::missing(fcinfo, first + offset[I]) || ...);
  }

  template <class F, std::size_t... I>
  static decltype(auto) apply([[maybe_unused]] FunctionCallInfo fcinfo, [[maybe_unused]] int first, F&& f,
                              std::index_sequence<I...>) {
    return f(ArgumentFor<A>::get(fcinfo, first + offset[I])...);
  }
};

template <class R>
constexpr bool gives_rows =
    !std::is_void_v<R> && !is_optional<R> && !Value<R> && !Described<std::add_const_t<R>>;

/// How a C++ result becomes an SQL one: a value, an optional value, a described struct as jsonb, a
/// vector of described structs as a set of rows.
template <class R>
Datum put_result(FunctionCallInfo fcinfo, const R& result) {
  if constexpr (is_optional<R>) {
    if (result) return put_result(fcinfo, *result);
    fcinfo->isnull = true;
    return 0;
  } else if constexpr (Value<R>) {
    return Codec<R>::put(result);
  } else if constexpr (Described<const R>) {
    return jsonb_from(result);
  } else {
    return put_rows(fcinfo, result);
  }
}

template <class R>
void describe_result(Signature& signature) {
  if constexpr (is_optional<R>) {
    describe_result<typename R::value_type>(signature);
  } else if constexpr (Value<R>) {
    signature.result = call([] { return format_type_be(Codec<R>::oid()); });
  } else if constexpr (Described<const R>) {
    signature.result = "jsonb";
  } else {
    signature.result = "setof record";
    signature.columns = column_list<typename R::value_type>();
  }
}

}  // namespace detail

/// Calls `function` with the call's SQL arguments. NULL in an argument that C++ cannot take as NULL
/// gives NULL, or no rows.
template <class R, class... A>
Datum invoke(FunctionCallInfo fcinfo, R (*function)(A...)) {
  using Arguments = detail::Arguments<A...>;
  constexpr std::index_sequence_for<A...> each;
  if (Arguments::missing(fcinfo, 0, each)) {
    if constexpr (detail::gives_rows<std::remove_cvref_t<R>>) return put_rows(fcinfo, std::remove_cvref_t<R>{});
    fcinfo->isnull = true;
    return 0;
  }
  if constexpr (std::is_void_v<R>) {
    Arguments::apply(fcinfo, 0, function, each);
    return 0;
  } else {
    return detail::put_result<std::remove_cvref_t<R>>(fcinfo, Arguments::apply(fcinfo, 0, function, each));
  }
}

template <class R, class... A>
Signature signature_of(R (*)(A...)) {
  Signature signature;
  (ArgumentFor<A>::describe(signature, ""), ...);
  if constexpr (std::is_void_v<R>) signature.result = "void";
  else detail::describe_result<std::remove_cvref_t<R>>(signature);
  return signature;
}

}  // namespace revenue::pg

#define REVENUE_ENTRY_POINT(name)                     \
  extern "C" {                                        \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);           \
  PG_FUNCTION_INFO_V1(name);                          \
  }

/// Makes the C++ function (or captureless lambda) the SQL function `name`:
/// `CREATE FUNCTION revenue.name(...) ... LANGUAGE c AS 'MODULE_PATHNAME', 'name'`.
#define PG_FUNCTION(name, ...)                                                                     \
  REVENUE_ENTRY_POINT(name)                                                                        \
  Datum name(PG_FUNCTION_ARGS) {                                                                   \
    return ::revenue::pg::guarded([fcinfo] { return ::revenue::pg::invoke(fcinfo, +(__VA_ARGS__)); }); \
  }                                                                                                \
  static const ::revenue::pg::Registration registration_of_##name(                                 \
      #name, [] { return ::revenue::pg::signature_of(+(__VA_ARGS__)); })
