#pragma once

#include <string>
#include <vector>

#include "core/foundation/fields.hpp"

namespace revenue::pg {

/// What a registered C++ function looks like from SQL; a test holds it against pg_proc.
/// An empty list of names means that C++ does not name the arguments.
struct Signature {
  std::string name;
  std::string argument_types;  ///< SQL type names, comma-separated
  std::string argument_names;  ///< known only for arguments that are fields of a struct; '?' otherwise
  bool strict = false;         ///< every argument is one that cannot be NULL
  std::string result;          ///< SQL type name, or 'setof record'
  std::string columns;         ///< of a row set: 'name type, ...'
};
REVENUE_FIELDS(Signature, name, argument_types, argument_names, strict, result, columns)

/// Registers at load; `describe` runs only when the signatures are asked for.
class Registration {
 public:
  Registration(const char* name, Signature (*describe)());
};

std::vector<Signature> registered_signatures();

}  // namespace revenue::pg
