#include "pg/error.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace revenue::pg {
namespace {

int sqlstate_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return ERRCODE_INVALID_PARAMETER_VALUE;
    case ErrorCode::out_of_range: return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case ErrorCode::malformed: return ERRCODE_INVALID_BINARY_REPRESENTATION;
    case ErrorCode::not_ready: return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    case ErrorCode::insufficient_privilege: return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case ErrorCode::out_of_memory: return ERRCODE_OUT_OF_MEMORY;
    case ErrorCode::internal: return ERRCODE_INTERNAL_ERROR;
  }
  return ERRCODE_INTERNAL_ERROR;
}

template <std::size_t Size>
void copy(char (&to)[Size], std::string_view from) {
  const std::size_t length = std::min(from.size(), Size - 1);
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

void fill(Failure& failure, int sqlstate, std::string_view message, std::string_view detail,
          std::string_view hint) {
  failure.server_error = nullptr;
  failure.sqlstate = sqlstate;
  copy(failure.message, message);
  copy(failure.detail, detail);
  copy(failure.hint, hint);
}

// Cutting a long text may have split a character of the server's encoding.
const char* whole_characters(const char* text) {
  const int length = static_cast<int>(std::strlen(text));
  return pnstrdup(text, static_cast<Size>(pg_mbcliplen(text, length, length)));
}

}  // namespace

void describe_current_exception(Failure& failure) noexcept {
  try {
    throw;
  } catch (const ServerError& error) {
    failure.server_error = error.data;
  } catch (const Error& error) {
    fill(failure, sqlstate_of(error.code), error.message, error.detail, error.hint);
  } catch (const std::bad_alloc&) {
    fill(failure, ERRCODE_OUT_OF_MEMORY, "out of memory", "",
         "Reduce the number of rows or groups, or give the server more memory.");
  } catch (const std::exception& error) {
    fill(failure, ERRCODE_INTERNAL_ERROR, "internal error of revenue_intel", error.what(),
         "Please report it with the query.");
  } catch (...) {
    fill(failure, ERRCODE_INTERNAL_ERROR, "internal error of revenue_intel", "",
         "Please report it with the query.");
  }
}

void raise(const Failure& failure) {
  if (failure.server_error != nullptr) ReThrowError(failure.server_error);
  ereport(ERROR, (errcode(failure.sqlstate), errmsg("%s", whole_characters(failure.message)),
                  failure.detail[0] ? errdetail("%s", whole_characters(failure.detail)) : 0,
                  failure.hint[0] ? errhint("%s", whole_characters(failure.hint)) : 0));
  pg_unreachable();
}

}  // namespace revenue::pg
