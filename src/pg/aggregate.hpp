#pragma once

#include "core/foundation/bytes.hpp"
#include "pg/function.hpp"

namespace revenue::pg {

/// Memory of one Postgres context for a state that grows: hash aggregation accounts for it, and it
/// goes with the context, so such a state needs no destructor call.
class ContextResource final : public std::pmr::memory_resource {
 public:
  explicit ContextResource(MemoryContext context) : context_(context) {}

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  MemoryContext context_;
};

namespace detail {

MemoryContext aggregate_context(FunctionCallInfo fcinfo);
Datum bytea_from(std::string_view bytes);

constexpr std::uint8_t kStateVersion = 1;

template <class State>
constexpr bool uses_resource = std::is_constructible_v<State, std::pmr::memory_resource*>;

template <class State>
State* new_state(MemoryContext context) {
  static_assert(alignof(State) <= MAXIMUM_ALIGNOF, "palloc aligns to 8 bytes");
  void* memory = allocate(sizeof(State), context);
  if constexpr (uses_resource<State>) {
    auto* resource = new (allocate(sizeof(ContextResource), context)) ContextResource(context);
    return new (memory) State(resource);
  } else {
    static_assert(std::is_trivially_destructible_v<State>,
                  "a state that owns memory takes it from a std::pmr::memory_resource*");
    return new (memory) State();
  }
}

template <class State>
State* state_argument(FunctionCallInfo fcinfo, int index) {
  return fcinfo->args[index].isnull ? nullptr
                                    : reinterpret_cast<State*>(DatumGetPointer(fcinfo->args[index].value));
}

inline Datum put_state(FunctionCallInfo fcinfo, const void* state) {
  fcinfo->isnull = state == nullptr;
  return PointerGetDatum(state);
}

template <class State, class... A>
Datum add(FunctionCallInfo fcinfo, void (State::*method)(A...)) {
  using Arguments = Arguments<A...>;
  constexpr std::index_sequence_for<A...> each;
  State* state = state_argument<State>(fcinfo, 0);
  if (Arguments::missing(fcinfo, 1, each)) return put_state(fcinfo, state);
  if (state == nullptr) state = new_state<State>(aggregate_context(fcinfo));
  Arguments::apply(fcinfo, 1, [&](auto&&... values) { (state->*method)(values...); }, each);
  return put_state(fcinfo, state);
}

// What takes long takes a Poll as its last argument.
template <class Method, class State, class... A>
decltype(auto) call_method(Method method, State& state, A&... arguments) {
  if constexpr (std::is_invocable_v<Method, State&, A&..., Poll>) return (state.*method)(arguments..., &poll);
  else return (state.*method)(arguments...);
}

template <class State>
Datum merge(FunctionCallInfo fcinfo) {
  MemoryContext const context = aggregate_context(fcinfo);
  State* into = state_argument<State>(fcinfo, 0);
  const State* from = state_argument<State>(fcinfo, 1);
  if (from == nullptr) return put_state(fcinfo, into);
  if (into == nullptr) into = new_state<State>(context);
  call_method(&State::merge, *into, *from);
  return put_state(fcinfo, into);
}

template <class State>
Datum serialize(FunctionCallInfo fcinfo) {
  aggregate_context(fcinfo);
  Writer writer;
  writer.put(kStateVersion);
  call_method(&State::serialize, *state_argument<State>(fcinfo, 0), writer);
  return bytea_from(writer.bytes());
}

template <class State>
Datum deserialize(FunctionCallInfo fcinfo) {
  MemoryContext const context = aggregate_context(fcinfo);
  const std::string_view bytes = Codec<std::string_view>::get(fcinfo->args[0].value);
  Reader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
  if (reader.get<std::uint8_t>() != kStateVersion)
    throw Error(ErrorCode::malformed, "aggregate state of another version of revenue_intel",
                "All servers that take part in a query need the same version.");
  State* state = new_state<State>(context);
  call_method(&State::deserialize, *state, reader);
  reader.expect_end();
  return put_state(fcinfo, state);
}

template <class State>
auto result_of(const State& state) {
  return call_method(&State::result, state);
}

template <class State>
Datum result(FunctionCallInfo fcinfo) {
  const State* state = state_argument<State>(fcinfo, 0);
  if (state == nullptr) {
    fcinfo->isnull = true;
    return 0;
  }
  return put_result<decltype(result_of(*state))>(fcinfo, result_of(*state));
}

template <class State, class... A>
Signature aggregate_signature(void (State::*)(A...)) {
  Signature signature;
  (ArgumentFor<A>::describe(signature, ""), ...);
  describe_result<decltype(result_of(std::declval<const State&>()))>(signature);
  return signature;
}

}  // namespace detail
}  // namespace revenue::pg

#define REVENUE_AGGREGATE_PART(symbol, ...)                                          \
  REVENUE_ENTRY_POINT(symbol)                                                        \
  Datum symbol(PG_FUNCTION_ARGS) {                                                   \
    return ::revenue::pg::guarded([fcinfo] { return ::revenue::pg::detail::__VA_ARGS__; }); \
  }

/// Makes `State` the SQL aggregate `name`: C functions name_add, name_merge, name_serialize,
/// name_deserialize and name_result. `State` has add(...), merge(const State&), serialize(Writer&),
/// deserialize(Reader&) and result(); each but add() may take a Poll as its last argument. It is trivially
/// destructible, or takes all its memory from the std::pmr::memory_resource* it is constructed with.
#define PG_AGGREGATE(name, ...)                                                      \
  REVENUE_AGGREGATE_PART(name##_add, add(fcinfo, &__VA_ARGS__::add))                 \
  REVENUE_AGGREGATE_PART(name##_merge, merge<__VA_ARGS__>(fcinfo))                   \
  REVENUE_AGGREGATE_PART(name##_serialize, serialize<__VA_ARGS__>(fcinfo))           \
  REVENUE_AGGREGATE_PART(name##_deserialize, deserialize<__VA_ARGS__>(fcinfo))       \
  REVENUE_AGGREGATE_PART(name##_result, result<__VA_ARGS__>(fcinfo))                 \
  static const ::revenue::pg::Registration registration_of_##name(                   \
      #name, [] { return ::revenue::pg::detail::aggregate_signature(&__VA_ARGS__::add); })
