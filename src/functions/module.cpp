#include "functions/caller.hpp"
#include "pg/function.hpp"

extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
PG_MODULE_MAGIC;
#pragma GCC diagnostic pop

PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void) {
  revenue::pg::guarded([] {
    revenue::access::initialise();
    revenue::pg::probe_numeric_layout();
  });
}

// Not declared by the extension's script: the signature test creates it for itself.
PG_FUNCTION(bridge_signatures, &revenue::pg::registered_signatures);
