#pragma once

#include "pg/error.hpp"

namespace revenue::pg {

namespace detail {
void call_thunk(void (*thunk)(void*), void* context);
}

/// Runs Postgres code that may ereport; the error arrives as an exception (ServerError) with its
/// SQLSTATE, DETAIL and HINT. The lambda may not own anything with a destructor: a longjmp skips it.
template <class Work>
auto call(Work work) -> std::invoke_result_t<Work&> {
  using Result = std::invoke_result_t<Work&>;
  if constexpr (std::is_void_v<Result>) {
    detail::call_thunk([](void* context) { (*static_cast<Work*>(context))(); }, &work);
  } else {
    static_assert(std::is_trivially_copyable_v<Result>);
    struct Context {
      Work& work;
      Result result;
    } context{work, {}};
    detail::call_thunk(
        [](void* raw) {
          auto& inner = *static_cast<Context*>(raw);
          inner.result = inner.work();
        },
        &context);
    return context.result;
  }
}

/// CHECK_FOR_INTERRUPTS for C++ loops: throws when the query was cancelled.
void poll();

/// Memory of the given context, never an ereport: throws std::bad_alloc, or 22003 beyond 1 GB.
void* allocate(std::size_t size, MemoryContext context = CurrentMemoryContext);

}  // namespace revenue::pg
