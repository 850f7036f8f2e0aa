#pragma once

#include "pg/postgres.hpp"

extern "C" {
#include "utils/guc_tables.h"
}

namespace revenue::pg {

/// A setting by its name, defined or only named yet; nullptr where there is none.
inline const config_generic* find_setting(const char* name) {
#if PG_VERSION_NUM >= 160000
  return find_option(name, false, true, ERROR);
#else
  config_generic** const all = get_guc_variables();
  for (int at = 0; at < GetNumConfigOptions(); ++at)
    if (std::strcmp(all[at]->name, name) == 0) return all[at];
  return nullptr;
#endif
}

}  // namespace revenue::pg
