#include "core/scoring/churn_risk.hpp"
#include "core/scoring/close_probability.hpp"
#include "core/scoring/date_weight.hpp"
#include "core/scoring/deal_health.hpp"
#include "core/scoring/deal_value.hpp"
#include "core/scoring/expansion_score.hpp"
#include "core/scoring/lead_score.hpp"
#include "core/scoring/pipeline_totals.hpp"
#include "core/scoring/quality.hpp"
#include "core/scoring/scenario.hpp"
#include "core/scoring/weighted_pipeline.hpp"
#include "pg/aggregate.hpp"
#include "pg/function.hpp"

namespace revenue {

template <>
struct pg::FromJson<scoring::CompiledFramework> {
  static const scoring::CompiledFramework& absent() { return scoring::builtin_compiled(); }
  static scoring::CompiledFramework parse(JsonbContainer* overrides) {
    scoring::Framework framework = scoring::builtin_framework();
    pg::read_fields(overrides, framework, "");
    return scoring::CompiledFramework(std::move(framework));
  }
};

}  // namespace revenue

namespace scoring = revenue::scoring;

PG_FUNCTION(close_probability, &scoring::close_probability);
PG_FUNCTION(explain_close_probability, &scoring::explain_close_probability);
PG_FUNCTION(deal_health, &scoring::deal_health);
PG_FUNCTION(explain_deal_health, &scoring::explain_deal_health);
PG_FUNCTION(deal_risk_factors, &scoring::deal_risk_factors);
PG_FUNCTION(health_category, &scoring::health_category);
PG_FUNCTION(deal_value, &scoring::deal_value);
PG_FUNCTION(predict_deal_value, &scoring::predict_deal_value);
PG_FUNCTION(lead_score, &scoring::lead_score);
PG_FUNCTION(explain_lead_score, &scoring::explain_lead_score);
PG_FUNCTION(churn_risk, &scoring::churn_risk);
PG_FUNCTION(explain_churn_risk, &scoring::explain_churn_risk);
PG_FUNCTION(expansion_score, &scoring::expansion_score);
PG_FUNCTION(explain_expansion_score, &scoring::explain_expansion_score);
PG_FUNCTION(scenario_forecast, &scoring::scenario_forecast);
PG_FUNCTION(scenario, &scoring::scenario);

// The built-in framework with the overrides of an organisation and those of a vertical over it.
PG_FUNCTION(resolve_framework, [](std::optional<revenue::pg::JsonView> overrides,
                                  std::optional<revenue::pg::JsonView> vertical_overrides) {
  scoring::Framework framework = scoring::builtin_framework();
  for (const auto& layer : {overrides, vertical_overrides})
    if (layer) revenue::pg::read_fields(layer->container, framework, "");
  scoring::validate(framework);
  return framework;
});
PG_FUNCTION(framework_stages, [](const scoring::CompiledFramework& framework) { return framework.stages(); });

PG_FUNCTION(known_stage, [](std::optional<std::string_view> name, const scoring::CompiledFramework& framework)
                             -> std::optional<std::string_view> {
  const scoring::Stage* stage = name ? framework.find_stage(*name) : nullptr;
  if (stage == nullptr) return std::nullopt;
  return stage->name;
});
PG_FUNCTION(date_weight, &scoring::date_weight);

// An overdue deal is expected this month.
PG_FUNCTION(forecast_month, [](revenue::Date close_date, revenue::Date today) {
  return revenue::month_of(std::max(close_date, today));
});

PG_AGGREGATE(weighted_pipeline, scoring::WeightedPipeline);
PG_AGGREGATE(scored_pipeline, scoring::ScoredPipeline);
PG_AGGREGATE(score_quality, scoring::ScoreQuality);
PG_AGGREGATE(pipeline_totals, scoring::PipelineTotals);
