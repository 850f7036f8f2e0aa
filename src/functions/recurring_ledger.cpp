#include "core/recurring/movement_lines.hpp"
#include "pg/aggregate.hpp"
#include "pg/function.hpp"

namespace revenue {

// {"paused": "unchanged", "reactivation": 90, ...}: what is not named is as builtin_policies() has it.
template <>
struct pg::FromJson<recurring::Policies> {
  static const recurring::Policies& absent() {
    static const recurring::Policies builtin;
    return builtin;
  }

  static recurring::Policies parse(JsonbContainer* json) {
    recurring::Policies policies;
    for (const auto& [name, value] : object_entries(json, "")) {
      if (name == "discounts") {
        policies.discounts = static_cast<recurring::Discounts>(choice(name, value, {"all", "recurring", "none"}));
      } else if (name == "churn_date") {
        policies.churn_on_cancel_date = choice(name, value, {"period_end", "cancel_date"}) == 1;
      } else if (name == "same_period_new_churn") {
        policies.same_period_dropped = choice(name, value, {"both", "dropped"}) == 1;
      } else if (name == "reactivation") {
        if (value.type == jbvNumeric) policies.reactivation_within_days = days(name, value);
        else choice(name, value, {"any_time"});
      } else if (name == "reactivation_gap_days") {
        policies.reactivation_gap_days = days(name, value);
      } else if (name == "paused") {
        policies.paused_unchanged = choice(name, value, {"zero", "unchanged"}) == 1;
      } else if (name == "trial") {
        policies.trial_included = choice(name, value, {"excluded", "included"}) == 1;
      } else if (name == "past_due_grace_days") {
        policies.past_due_grace_days = days(name, value);
      } else if (name == "free") {
        policies.free_is_active = choice(name, value, {"churn", "active"}) == 1;
      } else if (name == "fx") {
        choice(name, value, {"own_line", "constant_currency"});  // for those who read, not for what moved
      } else {
        throw Error(ErrorCode::invalid_argument, "unknown policy \"" + std::string(name) + "\"",
                    "The policies are listed by revenue.builtin_policies().");
      }
    }
    return policies;
  }

 private:
  static std::size_t choice(std::string_view name, const JsonbValue& value, std::initializer_list<std::string_view> allowed) {
    const std::string chosen(text_from(value, std::string(name)));
    const auto found = std::find(allowed.begin(), allowed.end(), chosen);
    if (found == allowed.end())
      throw Error(ErrorCode::invalid_argument, "policy \"" + std::string(name) + "\" cannot be \"" + chosen + "\"",
                  "What each policy may be is listed by revenue.builtin_policies().");
    return static_cast<std::size_t>(found - allowed.begin());
  }

  static std::int32_t days(std::string_view name, const JsonbValue& value) {
    const double number = number_from(value, std::string(name));
    if (!(number >= 0 && number <= 99999 && number == std::trunc(number)))
      throw Error(ErrorCode::invalid_argument, "policy \"" + std::string(name) + "\" must be a number of days",
                  "Use a whole number from 0 to 99999.");
    return static_cast<std::int32_t>(number);
  }
};

}  // namespace revenue

namespace recurring = revenue::recurring;

PG_AGGREGATE(movement_lines, recurring::MovementLines);
PG_FUNCTION(restated_lines, [](std::optional<std::vector<recurring::MovementLine>> current,
                               std::optional<std::vector<recurring::MovementLine>> recorded, revenue::Poll poll) {
  return recurring::restatement(current ? *std::move(current) : std::vector<recurring::MovementLine>(),
                                recorded ? *std::move(recorded) : std::vector<recurring::MovementLine>(), poll);
});
