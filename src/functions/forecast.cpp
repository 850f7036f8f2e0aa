#include "core/forecast/calibration.hpp"
#include "core/forecast/options.hpp"
#include "core/forecast/series_state.hpp"
#include "pg/aggregate.hpp"
#include "pg/stored.hpp"

namespace revenue {

template <>
struct pg::FromJson<forecast::SeriesOptions> {
  static const forecast::SeriesOptions& absent() {
    static const forecast::SeriesOptions usual;
    return usual;
  }
  static forecast::SeriesOptions parse(JsonbContainer* json) {
    forecast::WrittenOptions written;
    pg::read_fields(json, written, "");
    return forecast::read_options(written);
  }
};

}  // namespace revenue

namespace forecast_room = revenue::forecast;

PG_STORED_TYPE(series_model, forecast_room::SeriesModel);
PG_AGGREGATE(fit_series, forecast_room::SeriesState);
PG_AGGREGATE(fit_series_with, forecast_room::SeriesStateWithOptions);
PG_STORED_TYPE(calibration, forecast_room::Calibration);
PG_AGGREGATE(calibrate, forecast_room::CalibrationState);
PG_FUNCTION(adapted_level, &forecast_room::adapted_level);
PG_FUNCTION(forecast, &forecast_room::forecast);
PG_FUNCTION(describe_series, &forecast_room::describe);
PG_FUNCTION(decompose, &forecast_room::decompose);
