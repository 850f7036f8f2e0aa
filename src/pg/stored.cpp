#include "pg/stored.hpp"

namespace revenue::pg::detail {

Oid type_named(const char* name) {
  const Oid type = call([name] {
    LOCAL_FCINFO(fcinfo, 1);
    InitFunctionCallInfoData(*fcinfo, nullptr, 1, InvalidOid, nullptr, nullptr);
    fcinfo->args[0] = {CStringGetTextDatum(name), false};
    const Datum found = to_regtype(fcinfo);
    return fcinfo->isnull ? InvalidOid : DatumGetObjectId(found);
  });
  if (!OidIsValid(type))
    throw Error(ErrorCode::not_ready, std::string("type ") + name + " does not exist",
                "Run ALTER EXTENSION revenue_intel UPDATE in this database.");
  return type;
}

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
