#include "core/foundation/eigen.hpp"

namespace revenue {

void eigen_assertion_failed(const char* condition) {
  throw Error(ErrorCode::internal, "linear algebra was called with shapes that do not fit",
              "This is a fault of revenue_intel; please report it with the query.", condition);
}

}  // namespace revenue
