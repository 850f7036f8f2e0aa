#pragma once

/// The way into Eigen for every room: a failed assertion inside Eigen throws instead of aborting,
/// because abort() would take the whole database server down.

#include "core/foundation/error.hpp"

namespace revenue {
[[noreturn]] void eigen_assertion_failed(const char* condition);
}

#ifdef eigen_assert
#error "include core/foundation/eigen.hpp instead of an Eigen header"
#endif
#define eigen_assert(condition)                                      \
  do {                                                               \
    if (!(condition)) ::revenue::eigen_assertion_failed(#condition); \
  } while (false)

#include <Eigen/Dense>
