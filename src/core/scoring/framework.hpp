#pragma once

#include "core/foundation/fields.hpp"
#include "core/foundation/table.hpp"

/// Every coefficient of every score. The values written here are the built-in framework, version 1:
/// judgement, not estimates from data, except where a comment names a source. An organisation
/// overrides any of them with a partial JSON object of the same shape.
///
/// Penalties are written as positive numbers and subtracted. "Points" of close_probability are
/// points of log-odds; everywhere else they are points of a score from 0 to 100.

namespace revenue::scoring {

Table builtin_stage_probability();
Table builtin_typical_days();
Table builtin_value_factor();
Table builtin_plan_factor();
Table builtin_billing_factor();
Table builtin_industry_factor();
Table builtin_seniority_share();

/// What is known of a stage before anything is known of the deal. The names of `probability` are
/// the stages a deal may be scored as; the other two tables fill in what they have of it.
struct StageWeights {
  Table probability = builtin_stage_probability();  ///< 0 to 1; exactly 0 is lost, exactly 1 is won
  Table typical_days = builtin_typical_days();      ///< days in the stage that cost nothing
  Table value_factor = builtin_value_factor();      ///< deal value: 0 to 1; else `probability`
  double unknown_probability = 0.20;                ///< for a deal without a stage
  double default_typical_days = 21;                 ///< for a stage that typical_days does not name
  double unknown_value_factor = 0.40;               ///< for a deal without a stage
};

/// How much each known input adds to the confidence, as shares of their sum.
struct CloseConfidence {
  double deal_stage = 0.20;
  double days_in_stage = 0.10;
  double lead_score = 0.15;
  double num_interactions = 0.15;
  double num_objections_handled = 0.05;
  double champion_identified = 0.10;
  double budget_confirmed = 0.10;
  double decision_maker_engaged = 0.10;
  double competitors_mentioned = 0.05;
};

struct CloseWeights {
  double points_per_doubling = 24;  ///< points that double the odds
  double lead_score = 0.1;          ///< a point of lead score
  double interaction = 1.5;         ///< each
  double interaction_cap = 30;      ///< points: 20 interactions
  double objection_handled = 2;     ///< each
  double objection_cap = 10;        ///< points: 5 objections
  double champion = 12;
  double champion_absent = 5;  ///< penalty for a known no
  double budget = 13;
  double budget_absent = 5;  ///< penalty for a known no
  double decision_maker = 10;
  double decision_maker_absent = 0;  ///< penalty for a known no
  double competitor = 5;             ///< penalty each
  double competition_cap = 20;       ///< points: 4 competitors
  double stale_day = 0.4;            ///< penalty a day beyond the stage's typical days
  double velocity_cap = 24;          ///< points: 60 days beyond
  double strong_engagement = 20;     ///< key factor from so many points up
  double weak_engagement = 8;        ///< key factor below so many points
  double well_qualified = 25;        ///< key factor from so many points up
  double stagnant = 5;               ///< key factor from so many points of penalty up
  CloseConfidence confidence;
};

struct HealthWeights {
  double velocity = 40;  ///< weights of the three parts, relative to their sum
  double engagement = 35;
  double qualification = 25;
  double unknown_share = 0.5;    ///< what an unknown input earns of its part
  double stagnant_multiple = 4;  ///< typical days x this earn nothing for velocity
  double overdue_day = 0.02;     ///< share of velocity lost a day past the close date
  double overdue_cap = 0.5;      ///< at most
  double activity_share = 0.5;   ///< of engagement, relative to the three shares' sum
  double interaction_share = 0.3;
  double lead_score_share = 0.2;
  double fresh_days = 7;            ///< days since the last activity that cost nothing
  double silent_days = 45;          ///< days since the last activity that earn nothing
  double enough_interactions = 10;  ///< interactions that earn everything
  double champion_share = 0.35;     ///< of qualification, relative to the three shares' sum
  double budget_share = 0.35;
  double decision_maker_share = 0.30;
  double at_risk_from = 40;  ///< category limits: below this critical
  double healthy_from = 60;
  double strong_from = 80;
  double risk_stagnant_multiple = 2;  ///< risk factor beyond typical days x this
  double risk_silent_days = 14;       ///< risk factor from so many days without activity
  double risk_few_interactions = 3;   ///< risk factor below so many
  double risk_low_lead_score = 30;    ///< risk factor below
};

/// How much each known input adds to the confidence; comparables add by their weight.
struct ValueConfidence {
  double product_plan = 0.05;
  double num_users_planned = 0.15;
  double base_list_price_per_user = 0.15;
  double discount_pct = 0.05;
  double billing_cycle = 0.05;
  double contract_term_months = 0.10;
  double industry = 0.05;
  double deal_stage = 0.15;
  double expansion_potential_factor = 0.05;
  double comparables = 0.20;
};

struct ValueWeights {
  Table plan_factor = builtin_plan_factor();          ///< a plan it does not name: 1
  Table billing_factor = builtin_billing_factor();    ///< the cycles there are; another is an error
  Table industry_factor = builtin_industry_factor();  ///< an industry it does not name: 1
  double default_term_months = 12;
  double comparables_prior = 5;  ///< k: n comparables weigh n / (n + k)
  ValueConfidence confidence;
};

struct LeadWeights {
  Table seniority_share =
      builtin_seniority_share();    ///< 0 to 1; a level it does not name is unknown
  double unknown_share = 0.5;       ///< what an unknown input of fit earns
  double seniority = 15;            ///< points at share 1
  double company_size = 15;         ///< points at full_company_size employees
  double full_company_size = 1000;  ///< logarithmic below
  double industry_match = 10;
  double email_open = 0.5;  ///< each
  double email_open_cap = 5;
  double email_click = 2;  ///< each
  double email_click_cap = 10;
  double page_visit = 0.5;  ///< each
  double page_visit_cap = 10;
  double reply = 5;  ///< each
  double reply_cap = 15;
  double meeting = 10;  ///< each
  double meeting_cap = 20;
  double engagement_half_life_days = 30;  ///< engagement halves with each
  double unknown_recency = 0.5;           ///< what engagement keeps when its age is unknown
  double unsubscribed = 30;               ///< penalty
  double grade_a_from = 80;
  double grade_b_from = 60;
  double grade_c_from = 40;
  double grade_d_from = 20;
  double strong_fit = 30;         ///< key factor from so many points of fit up
  double strong_engagement = 30;  ///< key factor from so many points of engagement up
};

struct ChurnWeights {
  double unknown_share = 0.25;  ///< what an unknown input adds of its points
  double usage_decline = 30;    ///< points for losing all usage, linear below
  double usage_stopped = 10;    ///< points on top for a complete stop
  double open_ticket = 1;       ///< each
  double open_ticket_cap = 6;
  double escalation = 3;  ///< each
  double escalation_cap = 9;
  double overdue_day = 0.3;  ///< a day
  double overdue_cap = 12;
  double failed_payment = 3;  ///< each
  double failed_payment_cap = 6;
  double renewal = 7;               ///< points on the renewal date and after it
  double renewal_window_days = 90;  ///< linear from 0 points so many days ahead
  double nps = 8;                   ///< points at nps_bad and below
  double nps_span = 100;            ///< linear over so many NPS points below nps_good
  double nps_good = 50;             ///< no points from here up
  double csat = 6;                  ///< points at csat_bad and below
  double csat_bad = 50;             ///< percent
  double csat_good = 90;            ///< no points from here up
  double champion_left = 6;
  double medium_from = 25;  ///< category limits: below this low
  double high_from = 50;
  double critical_from = 75;
  double notable = 2;  ///< risk factor from so many points up
};

struct ExpansionWeights {
  double seat_expansion = 30;  ///< points at full_seats
  double seats_from = 0.7;     ///< share of bought seats in use that adds nothing
  double full_seats = 1.0;
  double plan_upgrade = 30;  ///< points at full_usage
  double usage_from = 0.6;   ///< share of the plan's limit in use that adds nothing
  double full_usage = 1.0;
  double upsell = 20;              ///< points at full_growth
  double full_growth = 0.5;        ///< relative growth of usage
  double cross_sell = 20;          ///< points where no product is owned yet
  double ready_from = 60;          ///< health from which all points count
  double readiness_floor = 0.3;    ///< share of the points that counts at health 0
  double unknown_readiness = 0.8;  ///< share that counts where health is unknown
  double medium_from = 30;         ///< category limits: below this low
  double high_from = 60;
  double notable = 5;  ///< opportunity from so many points up
};

/// What the calendar does to a deal in a forecast.
struct ForecastWeights {
  double overdue_half_life_days = 45;  ///< days past the close date that halve a deal's weight
};

struct Framework {
  StageWeights stages;
  CloseWeights close_probability;
  HealthWeights deal_health;
  ValueWeights deal_value;
  LeadWeights lead_score;
  ChurnWeights churn_risk;
  ExpansionWeights expansion_score;
  ForecastWeights forecast;
};

REVENUE_FIELDS(StageWeights, probability, typical_days, value_factor, unknown_probability,
               default_typical_days, unknown_value_factor)
REVENUE_FIELDS(CloseConfidence, deal_stage, days_in_stage, lead_score, num_interactions,
               num_objections_handled, champion_identified, budget_confirmed,
               decision_maker_engaged, competitors_mentioned)
REVENUE_FIELDS(CloseWeights, points_per_doubling, lead_score, interaction, interaction_cap,
               objection_handled, objection_cap, champion, champion_absent, budget, budget_absent,
               decision_maker, decision_maker_absent, competitor, competition_cap, stale_day,
               velocity_cap, strong_engagement, weak_engagement, well_qualified, stagnant,
               confidence)
REVENUE_FIELDS(HealthWeights, velocity, engagement, qualification, unknown_share, stagnant_multiple,
               overdue_day, overdue_cap, activity_share, interaction_share, lead_score_share,
               fresh_days, silent_days, enough_interactions, champion_share, budget_share,
               decision_maker_share, at_risk_from, healthy_from, strong_from,
               risk_stagnant_multiple, risk_silent_days, risk_few_interactions, risk_low_lead_score)
REVENUE_FIELDS(ValueConfidence, product_plan, num_users_planned, base_list_price_per_user,
               discount_pct, billing_cycle, contract_term_months, industry, deal_stage,
               expansion_potential_factor, comparables)
REVENUE_FIELDS(ValueWeights, plan_factor, billing_factor, industry_factor, default_term_months,
               comparables_prior, confidence)
REVENUE_FIELDS(LeadWeights, seniority_share, unknown_share, seniority, company_size,
               full_company_size, industry_match, email_open, email_open_cap, email_click,
               email_click_cap, page_visit, page_visit_cap, reply, reply_cap, meeting, meeting_cap,
               engagement_half_life_days, unknown_recency, unsubscribed, grade_a_from, grade_b_from,
               grade_c_from, grade_d_from, strong_fit, strong_engagement)
REVENUE_FIELDS(ChurnWeights, unknown_share, usage_decline, usage_stopped, open_ticket,
               open_ticket_cap, escalation, escalation_cap, overdue_day, overdue_cap,
               failed_payment, failed_payment_cap, renewal, renewal_window_days, nps, nps_span,
               nps_good, csat, csat_bad, csat_good, champion_left, medium_from, high_from,
               critical_from, notable)
REVENUE_FIELDS(ExpansionWeights, seat_expansion, seats_from, full_seats, plan_upgrade, usage_from,
               full_usage, upsell, full_growth, cross_sell, ready_from, readiness_floor,
               unknown_readiness, medium_from, high_from, notable)
REVENUE_FIELDS(ForecastWeights, overdue_half_life_days)
REVENUE_FIELDS(Framework, stages, close_probability, deal_health, deal_value, lead_score,
               churn_risk, expansion_score, forecast)

/// The built-in framework, the same as Framework{}.
const Framework& builtin_framework();

/// Throws invalid_argument that names the coefficient and what it may be: every one finite and from
/// 0 to 1e6, probabilities and shares from 0 to 1, limits in order, and the points of a score that
/// runs from 0 to 100 adding up to at most 100.
void validate(const Framework& framework);

}  // namespace revenue::scoring
