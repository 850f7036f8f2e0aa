#include "pg/aggregate.hpp"

namespace revenue::pg {

void* ContextResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  if (alignment <= MAXIMUM_ALIGNOF) return pg::allocate(bytes, context_);
  void* memory = pg::allocate(bytes + alignment, context_);
  std::size_t space = bytes + alignment;
  return std::align(alignment, bytes, memory, space);
}

void ContextResource::do_deallocate(void* memory, std::size_t, std::size_t alignment) {
  if (alignment <= MAXIMUM_ALIGNOF) pfree(memory);  // the over-aligned rest goes with the context
}

namespace detail {

MemoryContext aggregate_context(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  if (!AggCheckCallContext(fcinfo, &context))
    throw Error(ErrorCode::invalid_argument, "aggregate support function called outside an aggregate",
                "Call the aggregate, not its support functions.");
  return context;
}

Datum bytea_from(std::string_view bytes) { return Codec<std::string_view>::put(bytes); }

}  // namespace detail
}  // namespace revenue::pg
