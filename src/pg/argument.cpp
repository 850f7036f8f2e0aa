#include "pg/argument.hpp"

extern "C" {
#include "nodes/primnodes.h"
}

namespace revenue::pg {

void describe_argument(Signature& signature, Oid type, bool nullable, std::string_view name) {
  const bool first = signature.argument_types.empty();
  signature.argument_types.append(first ? "" : ", ").append(call([type] { return format_type_be(type); }));
  signature.argument_names.append(first ? "" : ", ").append(name.empty() ? "?" : name);
  signature.strict = (first || signature.strict) && !nullable;
}

// Only a Const: a Param is stable for one execution, but PL/pgSQL keeps simple expressions, and
// their fn_extra, over many.
bool argument_is_constant(const FmgrInfo* function, int index) {
  const Node* call = function->fn_expr;
  if (call == nullptr || !IsA(call, FuncExpr)) return false;
  const List* arguments = reinterpret_cast<const FuncExpr*>(call)->args;
  return index < list_length(arguments) && IsA(list_nth(arguments, index), Const);
}

}  // namespace revenue::pg
