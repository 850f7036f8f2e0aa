#include "core/pipeline/stage_history.hpp"
#include "core/pipeline/stage_model.hpp"
#include "core/pipeline/total_distribution.hpp"
#include "pg/aggregate.hpp"
#include "pg/function.hpp"

namespace revenue {

template <>
struct pg::FromJson<pipeline::WinClock> {
  static const pipeline::WinClock& absent() {
    static const pipeline::WinClock nothing_known{pipeline::StageModel{}};
    return nothing_known;
  }
  static pipeline::WinClock parse(JsonbContainer* json) {
    pipeline::StageModel model;
    pg::read_fields(json, model, "");
    return pipeline::WinClock(model);
  }
};

}  // namespace revenue

namespace pipeline = revenue::pipeline;

PG_AGGREGATE(stage_history, pipeline::StageHistory);
PG_AGGREGATE(total_distribution, pipeline::TotalDistribution);

PG_FUNCTION(win_probability_within,
            [](const pipeline::WinClock& model, std::optional<std::int32_t> stage, std::optional<double> days_in_stage,
               double horizon) { return stage ? model.win_probability(*stage, days_in_stage, horizon) : std::nullopt; });
PG_FUNCTION(days_to_win,
            [](const pipeline::WinClock& model, std::optional<std::int32_t> stage, std::optional<double> days_in_stage) {
              return stage ? model.days_to_win(*stage, days_in_stage) : std::nullopt;
            });
PG_FUNCTION(win_dispersion, [](const pipeline::WinClock& model, double horizon) { return model.dispersion(horizon); });
