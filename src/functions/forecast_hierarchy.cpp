#include "core/forecast/series_hierarchy.hpp"
#include "pg/aggregate.hpp"
#include "pg/stored.hpp"

namespace forecast_room = revenue::forecast;

PG_STORED_TYPE(series_hierarchy, forecast_room::SeriesHierarchy);
PG_AGGREGATE(reconcile, forecast_room::SeriesHierarchyState);
PG_FUNCTION(forecast_hierarchy, &forecast_room::forecast_hierarchy);
PG_FUNCTION(describe_hierarchy, &forecast_room::describe_hierarchy);
