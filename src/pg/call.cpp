#include "pg/call.hpp"

namespace revenue::pg {
namespace detail {

// The only PG_TRY of the project. It owns nothing, so the longjmp skips no destructor here; the
// exception is thrown after PG_END_TRY has restored Postgres's handler stack.
void call_thunk(void (*thunk)(void*), void* context) {
  MemoryContext const caller = CurrentMemoryContext;
  ErrorData* volatile error = nullptr;
  PG_TRY();
  {
    thunk(context);
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(caller);
    error = CopyErrorData();
    FlushErrorState();
  }
  PG_END_TRY();
  if (error != nullptr) throw ServerError{error};
}

}  // namespace detail

void poll() {
  if (unlikely(InterruptPending)) call([] { CHECK_FOR_INTERRUPTS(); });
}

void* allocate(std::size_t size, MemoryContext context) {
  if (!AllocSizeIsValid(size))
    throw Error(ErrorCode::out_of_range, "a value would be larger than 1 GB",
                "Split the input into smaller groups.");
  void* memory = MemoryContextAllocExtended(context, size, MCXT_ALLOC_NO_OOM);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace revenue::pg
