#pragma once

#include "core/foundation/error.hpp"
#include "pg/postgres.hpp"

namespace revenue::pg {

/// A Postgres error on its way through C++ frames. Not a std::exception, so that no handler of the
/// core can swallow a cancel. `data` lives in the memory context that was current at pg::call.
struct ServerError {
  ErrorData* data;
};

/// An exception as plain data: it outlives every C++ frame, so that raising it skips no destructor.
struct Failure {
  ErrorData* server_error;
  int sqlstate;
  char message[512];
  char detail[1024];
  char hint[1024];
};

/// Call inside a catch handler. Never raises.
void describe_current_exception(Failure& failure) noexcept;

/// Becomes an ereport(ERROR). Call with no live C++ object on the stack.
[[noreturn]] void raise(const Failure& failure);

/// The boundary between Postgres and C++: runs `body`, whose exceptions turn into Postgres errors
/// after the handler is left.
template <class Body>
auto guarded(Body&& body) -> decltype(body()) {
  Failure failure;
  try {
    return body();
  } catch (...) {
    describe_current_exception(failure);
  }
  raise(failure);
}

}  // namespace revenue::pg
