#include "pg/stored.hpp"

namespace revenue::pg::detail {

void malformed_value(const char* type) {
  throw Error(ErrorCode::malformed, std::string("malformed value of the type ") + type,
              "Such values are made by functions of this version of the extension; do not build "
              "them by hand.");
}

Datum bytes_from_text(Datum text, const char* type) {
  try {
    return call([text] { return DirectFunctionCall1(byteain, text); });
  } catch (const ServerError& error) {
    if (ERRCODE_TO_CATEGORY(error.data->sqlerrcode) != ERRCODE_DATA_EXCEPTION) throw;
  }
  malformed_value(type);
}

Datum text_from_bytes(Datum bytes) {
  return call([bytes] { return DirectFunctionCall1(byteaout, bytes); });
}

Datum bytes_received(Datum buffer) {
  return call([buffer] { return DirectFunctionCall1(bytearecv, buffer); });
}

Datum bytes_sent(Datum bytes) {
  return call([bytes] { return DirectFunctionCall1(byteasend, bytes); });
}

}  // namespace revenue::pg::detail
