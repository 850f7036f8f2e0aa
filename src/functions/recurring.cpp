#include "core/recurring/arr_paths.hpp"
#include "core/recurring/bgnbd.hpp"
#include "core/recurring/cohorts.hpp"
#include "core/recurring/gamma_gamma.hpp"
#include "core/recurring/ledger_range.hpp"
#include "core/recurring/mrr_ledger_state.hpp"
#include "core/recurring/retention.hpp"
#include "core/recurring/sbg.hpp"
#include "core/recurring/waterfall.hpp"
#include "pg/aggregate.hpp"
#include "pg/stored.hpp"

namespace recurring = revenue::recurring;

namespace {

std::int32_t whole_from(const JsonbValue& value, const std::string& name, std::int32_t least, std::int32_t most) {
  const double number = revenue::pg::number_from(value, name);
  // Written so that NaN fails.
  if (!(number >= least && number <= most && number == std::trunc(number)))
    throw revenue::Error(revenue::ErrorCode::invalid_argument, "invalid " + name,
                         "Pass a whole number, " + std::to_string(least) + " to " + std::to_string(most) + ".");
  return static_cast<std::int32_t>(number);
}

// Whether a policy of two values has the second one.
bool second_from(const JsonbValue& value, const std::string& name, std::string_view first, std::string_view second) {
  const std::string_view chosen = revenue::pg::text_from(value, name);
  if (chosen != first && chosen != second)
    throw revenue::Error(revenue::ErrorCode::invalid_argument, "invalid " + name + " \"" + std::string(chosen) + "\"",
                         "It is " + std::string(first) + " or " + std::string(second) + ".");
  return chosen == second;
}

bool is_text(const JsonbValue& value, std::string_view text) {
  return value.type == jbvString && std::string_view(value.val.string.val, static_cast<std::size_t>(value.val.string.len)) == text;
}

bool bool_from(const JsonbValue& value, const std::string& name) {
  if (value.type != jbvBool)
    throw revenue::Error(revenue::ErrorCode::invalid_argument, name + " must be true or false", "Write it without quotes.");
  return value.val.boolean;
}

}  // namespace

template <>
struct revenue::pg::FromJson<recurring::LedgerOptions> {
  static const recurring::LedgerOptions& absent() {
    static const recurring::LedgerOptions builtin;
    return builtin;
  }
  static recurring::LedgerOptions parse(JsonbContainer* json) {
    constexpr std::int32_t kMostDays = 99999;  // as set_policy() has it
    recurring::LedgerOptions options;
    for (const auto& [key, value] : object_entries(json, "options")) {
      const std::string name(key);
      if (name == "same_period_new_churn")
        options.drop_same_period_new_churn = second_from(value, name, "both", "dropped");
      else if (name == "reactivation")
        options.reactivation_days = is_text(value, "any_time") ? std::nullopt
                                                               : std::optional(whole_from(value, name, 0, kMostDays));
      else if (name == "reactivation_gap_days")
        options.reactivation_gap_days = whole_from(value, name, 0, kMostDays);
      else if (name == "free")
        options.free_is_active = second_from(value, name, "churn", "active");
      else if (name == "period_net")
        options.period_net = bool_from(value, name);
      else if (name == "week_start")
        options.week_start = whole_from(value, name, 1, 7);
      else if (name == "fiscal_year_start")
        options.fiscal_year_start = whole_from(value, name, 1, 12);
      else
        throw Error(ErrorCode::invalid_argument, "unknown key \"" + name + "\"",
                    "Known keys here: same_period_new_churn, reactivation, reactivation_gap_days, free, period_net, "
                    "week_start, fiscal_year_start.");
    }
    return options;
  }
};

// A fitted model as its aggregate writes it; what else is in there was told of the fit, not of the model.
template <class Model>
Model model_from(JsonbContainer* json) {
  Model model;
  for (const revenue::pg::JsonEntry& entry : revenue::pg::object_entries(json, "model"))
    visit_fields(model, [&](std::string_view name, double& parameter) {
      if (name == entry.key) parameter = revenue::pg::number_from(entry.value, "model." + std::string(entry.key));
    });
  return model;
}

template <>
struct revenue::pg::FromJson<recurring::Bgnbd> {
  static const recurring::Bgnbd& absent() {
    static const recurring::Bgnbd none;
    return none;
  }
  static recurring::Bgnbd parse(JsonbContainer* json) { return model_from<recurring::Bgnbd>(json); }
};

template <>
struct revenue::pg::FromJson<recurring::GammaGamma> {
  static const recurring::GammaGamma& absent() {
    static const recurring::GammaGamma none;
    return none;
  }
  static recurring::GammaGamma parse(JsonbContainer* json) { return model_from<recurring::GammaGamma>(json); }
};

// A fit of no rows is NULL, and so is what it would say.
template <class Model>
bool is_absent(const Model& model) {
  return &model == &revenue::pg::FromJson<Model>::absent();
}

PG_STORED_TYPE(mrr_ledger, recurring::MrrLedger);
PG_AGGREGATE(mrr_ledger, recurring::MrrLedgerState);
PG_AGGREGATE(mrr_ledger_fx, recurring::MrrLedgerFxState);

PG_FUNCTION(mrr_waterfall, &recurring::mrr_waterfall);
PG_FUNCTION(mrr_changes, &recurring::mrr_changes);
PG_FUNCTION(mrr_cohorts, &recurring::mrr_cohorts);
PG_FUNCTION(window_retention, &recurring::window_retention);
PG_FUNCTION(net_retention, &recurring::net_retention);
PG_FUNCTION(gross_retention, &recurring::gross_retention);
PG_FUNCTION(logo_churn, &recurring::logo_churn);
PG_FUNCTION(quick_ratio, &recurring::quick_ratio);

PG_FUNCTION(fit_sbg, &recurring::fit_sbg);
PG_FUNCTION(fit_sbg_at_risk, &recurring::fit_sbg_at_risk);
PG_FUNCTION(sbg_curve, &recurring::sbg_curve);
PG_FUNCTION(sbg_ltv, &recurring::sbg_ltv);
PG_FUNCTION(simple_ltv, &recurring::simple_ltv);

PG_AGGREGATE(fit_bgnbd, recurring::BgnbdState);
PG_FUNCTION(probability_alive,
            [](const recurring::Bgnbd& model, recurring::Purchases customer) -> std::optional<double> {
              if (is_absent(model)) return std::nullopt;
              return recurring::probability_alive(model, customer);
            });
PG_FUNCTION(expected_purchases,
            [](const recurring::Bgnbd& model, recurring::Purchases customer, double time,
               revenue::Poll poll) -> std::optional<double> {
              if (is_absent(model)) return std::nullopt;
              return recurring::expected_purchases(model, customer, time, poll);
            });
PG_AGGREGATE(fit_gamma_gamma, recurring::GammaGammaState);
PG_FUNCTION(expected_purchase_value,
            [](const recurring::GammaGamma& model, std::int64_t frequency,
               std::optional<double> mean_value) -> std::optional<double> {
              if (is_absent(model)) return std::nullopt;
              return recurring::expected_value(model, frequency, mean_value);
            });

PG_FUNCTION(simulate_arr, &recurring::simulate_arr);
