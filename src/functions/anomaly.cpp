#include "core/anomaly/anomaly_score.hpp"
#include "core/anomaly/detector_model.hpp"
#include "core/anomaly/explain_change.hpp"
#include "core/anomaly/severity.hpp"
#include "pg/aggregate.hpp"
#include "pg/stored.hpp"

namespace revenue {

template <>
struct pg::FromJson<anomaly::DetectorOptions> {
  static const anomaly::DetectorOptions& absent() {
    static const anomaly::DetectorOptions usual;
    return usual;
  }
  static anomaly::DetectorOptions parse(JsonbContainer* json) {
    anomaly::WrittenOptions written;
    pg::read_fields(json, written, "");
    return anomaly::read_options(written);
  }
};

}  // namespace revenue

namespace anomaly = revenue::anomaly;

PG_STORED_TYPE(detector_model, anomaly::DetectorModel);
PG_AGGREGATE(fit_detector, anomaly::SeriesState);
PG_AGGREGATE(fit_detector_with, anomaly::SeriesStateWithOptions);
PG_AGGREGATE(fit_ratio_detector, anomaly::RatioState);
PG_FUNCTION(detect, &anomaly::detect);
PG_FUNCTION(change_points, &anomaly::change_points);
PG_FUNCTION(describe_detector, &anomaly::describe);
PG_AGGREGATE(anomaly_score, anomaly::AnomalyScore);
PG_FUNCTION(anomaly_severity, &anomaly::anomaly_severity);
PG_AGGREGATE(explain_change, anomaly::ChangeOfTotal);
PG_AGGREGATE(explain_rate_change, anomaly::ChangeOfRate);
