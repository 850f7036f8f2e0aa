#include "core/scoring/framework.hpp"

namespace revenue::scoring {

// The second group is the contact funnel; its figures are the products of the funnel's default
// stage conversions 0.30, 0.15, 0.25, 0.40 and 0.35 from the stage to the close.
Table builtin_stage_probability() {
  return {
      {"lead", 0.05},
      {"prospecting", 0.08},
      {"qualification", 0.15},
      {"qualified", 0.20},
      {"engaging", 0.25},
      {"discovery", 0.25},
      {"needs_analysis", 0.30},
      {"demo", 0.35},
      {"evaluation", 0.40},
      {"proposal", 0.50},
      {"negotiation", 0.65},
      {"contract", 0.80},
      {"verbal_commit", 0.90},
      {"closed_won", 1},
      {"won", 1},
      {"closed_lost", 0},
      {"lost", 0},

      {"cold", 0.001575},
      {"awareness", 0.00525},
      {"consideration", 0.035},
      {"decision", 0.14},
      {"call_booked", 0.35},
      {"closed", 1},
  };
}

// The second group: the funnel's default 7, 14, 21, 10 and 5 days.
Table builtin_typical_days() {
  return {
      {"lead", 14},          {"prospecting", 30}, {"qualification", 21},  {"qualified", 21},
      {"engaging", 45},      {"discovery", 21},   {"needs_analysis", 21}, {"demo", 14},
      {"evaluation", 30},    {"proposal", 21},    {"negotiation", 21},    {"contract", 14},
      {"verbal_commit", 14},

      {"cold", 7},           {"awareness", 14},   {"consideration", 21},  {"decision", 10},
      {"call_booked", 5},
  };
}

Table builtin_value_factor() {
  return {
      {"lead", 0.15},          {"prospecting", 0.20}, {"qualification", 0.30},  {"qualified", 0.40},
      {"engaging", 0.45},      {"discovery", 0.45},   {"needs_analysis", 0.50}, {"demo", 0.60},
      {"evaluation", 0.65},    {"proposal", 0.75},    {"negotiation", 0.85},    {"contract", 0.90},
      {"verbal_commit", 0.95},
  };
}

Table builtin_plan_factor() {
  return {
      {"starter", 1},
      {"professional", 1},
      {"enterprise", 1},
      {"strategic", 1},
  };
}

Table builtin_billing_factor() {
  return {
      {"monthly", 1},  {"quarterly", 1}, {"semi_annual", 1}, {"annual", 1},
      {"annually", 1}, {"yearly", 1},    {"multi_year", 1},  {"one_time", 1},
  };
}

Table builtin_industry_factor() {
  return {
      {"tech", 1.2},        {"technology", 1.2}, {"software", 1.2},
      {"saas", 1.2},        {"finance", 1.15},   {"financial_services", 1.15},
      {"healthcare", 1.1},  {"medical", 1.1},    {"telecommunications", 1.1},
      {"manufacturing", 1}, {"services", 1},     {"retail", 0.95},
      {"government", 0.95}, {"education", 0.9},  {"nonprofit", 0.8},
  };
}

Table builtin_seniority_share() {
  return {
      {"c_level", 1}, {"founder", 1},    {"owner", 1},     {"partner", 0.9}, {"vp", 0.9},
      {"head", 0.8},  {"director", 0.8}, {"manager", 0.6}, {"senior", 0.5},  {"specialist", 0.3},
      {"entry", 0.2}, {"junior", 0.2},   {"intern", 0.1},
  };
}

const Framework& builtin_framework() {
  static const Framework framework;
  return framework;
}

}  // namespace revenue::scoring
