#pragma once

#include <string_view>
#include <type_traits>

/// Names the fields of a plain struct once, so that the bridge can turn it into a row or a JSON
/// object and read it back. Write `REVENUE_FIELDS(Type, a, b, c)` beside the struct, in its
/// namespace.
///
/// A field whose name is a word of C++ ends in an underscore, which its name outside does not have.
///
/// `visit_fields(Type{}, f)` calls `f(std::string_view name, auto& field)` in the order given;
/// C++20 has no reflection, and Boost.Describe is not in every supported Debian.

namespace revenue::detail {
constexpr std::string_view field_name(std::string_view name) {
  return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}
}  // namespace revenue::detail

// clang-format off
#define REVENUE_PARENS ()
#define REVENUE_EXPAND(...) REVENUE_EXPAND3(REVENUE_EXPAND3(REVENUE_EXPAND3(__VA_ARGS__)))
#define REVENUE_EXPAND3(...) REVENUE_EXPAND2(REVENUE_EXPAND2(REVENUE_EXPAND2(__VA_ARGS__)))
#define REVENUE_EXPAND2(...) REVENUE_EXPAND1(REVENUE_EXPAND1(REVENUE_EXPAND1(__VA_ARGS__)))
#define REVENUE_EXPAND1(...) __VA_ARGS__

#define REVENUE_VISIT_EACH(field, ...) \
  visit(::revenue::detail::field_name(#field), self.field); \
  __VA_OPT__(REVENUE_VISIT_AGAIN REVENUE_PARENS(__VA_ARGS__))
#define REVENUE_VISIT_AGAIN() REVENUE_VISIT_EACH

#define REVENUE_FIELDS(Type, ...) \
  template <class Self, class Visitor> \
    requires std::is_same_v<std::remove_const_t<Self>, Type> \
  [[gnu::always_inline]] constexpr void visit_fields(Self& self, Visitor&& visit) { \
    REVENUE_EXPAND(REVENUE_VISIT_EACH(__VA_ARGS__)) \
  }
// clang-format on

namespace revenue {

namespace detail {
struct AnyVisitor {
  template <class T>
  void operator()(std::string_view, T&) const {}
};
}  // namespace detail

/// A struct that REVENUE_FIELDS describes.
template <class T>
concept Described = requires(T& value, detail::AnyVisitor visitor) {
  visit_fields(value, visitor);
};

}  // namespace revenue
