#pragma once

#include <exception>
#include <string>
#include <utility>

namespace revenue {

/// What went wrong, at the granularity a caller can act on. The bridge maps each to one SQLSTATE.
enum class ErrorCode {
  invalid_argument,        ///< 22023: a value no caller may pass
  out_of_range,            ///< 22003: the result does not fit its type
  malformed,               ///< 22P03: bytes that are not a state this version wrote
  not_ready,               ///< 55000: the object is not in the state the call needs
  insufficient_privilege,  ///< 42501
  out_of_memory,           ///< 53200
  internal,                ///< XX000: a fault of this extension, never of its user
};

/// The only exception the core throws. `message` is lower case without full stop, `detail` says
/// what was found, `hint` says what to do.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string hint, std::string detail = {})
      : code(code), message(std::move(message)), detail(std::move(detail)), hint(std::move(hint)) {}

  const char* what() const noexcept override { return message.c_str(); }

  ErrorCode code;
  std::string message;
  std::string detail;
  std::string hint;
};

}  // namespace revenue
