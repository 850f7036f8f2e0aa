# The figures that revenue_intel must show for the Maven opportunities, from the raw files alone and
# without its functions: lines of section, key, kind and value, tab-separated.
#   awk -F, -f crm_maven.awk accounts.csv products.csv sales_teams.csv sales_pipeline.csv
#
# The files say dates and no times: a deal is open from its engage date and closed from its close
# date on. A deal that has neither is known from EXPORT on, the day of the export. An open or lost
# deal is worth the list price of its product, a won one its close_value: the files leave the value
# of an open deal blank and put 0 for a lost one, which is what was booked and not what was at stake.

BEGIN {
  EXPORT = "2017-12-31"; MIDWAY = "2017-08-31"; LARGE = 5000
  # The scoring coefficients in question, written down a second time.
  TYPICAL["Prospecting"] = 30; TYPICAL["Engaging"] = 45
  BASE["Prospecting"] = 0.08; BASE["Engaging"] = 0.25
  STAGES = split("Prospecting Engaging Won Lost", STAGE, " ")
  RENAMED["GTXPro"] = "GTX Pro"; RENAMED["technolgy"] = "technology"

  split("31 28 31 30 31 30 31 31 30 31 30 31", length_of, " ")
  for (m = 9; m < 24; m++)
    MONTH_END[++MONTHS] = sprintf("%d-%02d-%02d", 2016 + int(m / 12), m % 12 + 1, length_of[m % 12 + 1])
}

function name_of(name) { return name in RENAMED ? RENAMED[name] : name }
function say(section, key, kind, value) { printf "%s\t%s\t%s\t%s\n", section, key, kind, value }
function exact(section, key, value) { say(section, key, "exact", sprintf("%d", value)) }
function close_to(section, key, value) { say(section, key, "ratio", sprintf("%.17g", value)) }
function cents(section, key, value) { say(section, key, "exact", sprintf("%.2f", value)) }
function share(section, key, part, whole) {
  if (whole) close_to(section, key, part / whole); else say(section, key, "exact", "\\N")
}

# Days since a day long ago.
function day(date, y, m) {
  y = substr(date, 1, 4) + 0; m = substr(date, 6, 2) + 0
  if (m < 3) { y--; m += 12 }
  return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m - 457) / 5) + substr(date, 9, 2)
}

# The stage of deal i at the end of a day; empty before it was known.
function stage_at(i, date) {
  if (since[i] > date) return ""
  return closed[i] != "" && closed[i] <= date ? stage[i] : entry[i]
}

# Nothing is known of a deal but its stage and how long it has been there.
function probability(at, days, typical, stale) {
  stale = 0.4 * (days > typical ? days - typical : 0)
  return 1 / (1 + (1 - BASE[at]) / BASE[at] * 2 ^ ((stale < 24 ? stale : 24) / 24))
}
function health(days, typical, late) {
  late = (days - typical) / (3 * typical)
  late = late < 0 ? 0 : late > 1 ? 1 : late
  return int(40 * (1 - late) * 1e6 + 0.01) / 1e6 + 35 * 0.5 + 25 * 0.5
}
function risks(days, typical) {
  return days > 2 * typical ? "Stagnant for " days " days" : "-"
}

FNR == 1 { file++; next }
file == 1 { accounts++; sector[$1] = name_of($2); misspelt_sectors += $2 in RENAMED; next }
file == 2 { products++; price[$1] = $3; next }
file == 3 { reps++; manager[$1] = $2; managers += !team[$2]++; next }
{
  n++
  id[n] = $1; rep[n] = $2; product[n] = name_of($3); account[n] = $4
  stage[n] = $5; entry[n] = $7 == "" ? $5 : "Engaging"
  since[n] = $6 == "" ? EXPORT : $6
  closed[n] = $7
  list[n] = price[product[n]]
  value[n] = $5 == "Won" ? $8 : list[n]
  industry[n] = $4 == "" ? "" : sector[$4]
  renamed += $3 in RENAMED
  without_account += $4 == ""
  unmatched += !(product[n] in price) + !(rep[n] in manager) + ($4 != "" && !($4 in sector))
}

# The open pipeline and what has closed at the end of a day.
function snapshot(date, i, s, at, days, p, d, v, key) {
  split("", count); split("", sum); split("", weighted); split("", waited)
  split("", sound); split("", unsound)
  d = v = 0; weight = risky = 0
  for (i = 1; i <= n; i++) {
    at = stage_at(i, date)
    if (at == "") continue
    count[at]++; sum[at] += at == stage[i] ? value[i] : list[i]
    if (at == "Won" || at == "Lost") continue
    days = day(date) - day(since[i]); p = probability(at, days, TYPICAL[at])
    d++; v += list[i]; weight += list[i] * p; risky += health(days, TYPICAL[at]) < 60
    weighted[at] += list[i] * p; waited[at] += days; sound[at] += health(days, TYPICAL[at])
    unsound[at] += health(days, TYPICAL[at]) < 60
  }
  for (s = 1; s <= STAGES; s++) {
    at = STAGE[s]; key = date " " at " "
    if (!count[at]) continue
    exact("deals_as_of", key "deals", count[at]); exact("deals_as_of", key "amount", sum[at])
    exact("deal_facts", key "deals", count[at]); exact("deal_facts", key "amount", sum[at])
    exact("deal_facts", key "close_dates_before_the_close", 0)
    if (!(at in waited)) continue
    exact("pipeline_summary", key "deal_count", count[at])
    exact("pipeline_summary", key "total_value", sum[at])
    close_to("pipeline_summary", key "avg_deal_size", sum[at] / count[at])
    close_to("pipeline_summary", key "weighted_value", weighted[at])
    close_to("pipeline_summary", key "avg_days_in_stage", waited[at] / count[at])
    close_to("pipeline_summary", key "avg_health_score", sound[at] / count[at])
    exact("pipeline_summary", key "at_risk_deals", unsound[at])
    exact("pipeline_summary", key "deals_without_value", 0)
    exact("dashboard", key "deal_count", count[at]); exact("dashboard", key "total_value", sum[at])
    cents("dashboard", key "weighted_value", weighted[at])
  }
  if (!d) return
  exact("dashboard", date " total_pipeline", v); exact("dashboard", date " deal_count", d)
  cents("dashboard", date " avg_deal_size", v / d); exact("dashboard", date " at_risk_deals", risky)
  exact("dashboard", date " deals_without_value", 0)
  # No open deal has an expected close date, so that none is expected within 90 days, or in a month.
  exact("dashboard", date " weighted_forecast_90d", 0)
  exact("dashboard", date " month ? deal_count", d); exact("dashboard", date " month ? total_value", v)
  cents("dashboard", date " month ? weighted_value", weight)
  exact("forecast_monthly", date " ? deal_count", d); exact("forecast_monthly", date " ? total_value", v)
  close_to("forecast_monthly", date " ? weighted_value", weight)
  exact("forecast_monthly", date " ? overdue_deals", 0)
  exact("forecast_monthly", date " ? deals_without_value", 0)
}

# The last snapshot, that of EXPORT, as a viewer has it: totals, none by rep, and no row.
function viewed(s, sectors) {
  for (s = 1; s <= 2; s++) {
    exact("as a viewer", STAGE[s] " deals", count[STAGE[s]])
    exact("as a viewer", STAGE[s] " value", sum[STAGE[s]])
  }
  for (s in sector) sectors += !seen[sector[s]]++
  exact("as a viewer", "product", products); exact("as a viewer", "industry", sectors)
  exact("as a viewer", "all", 1); exact("as a viewer", "pipeline", 1)
  exact("as a viewer", "segment", 1); exact("as a viewer", "source", 1)
  exact("as a viewer", "rows", 0)
}

function book(who, line, value) {
  booked[who " " line]++; amount[who " " line] += value
}

# What moved between the ends of two days, whatever the close date, as a whole and by manager.
function waterfall(from, to, i, k, who, before, after, now, key) {
  split("", booked); split("", amount)
  for (i = 1; i <= n; i++) {
    before = stage_at(i, from); after = stage_at(i, to)
    if (after == "" || before == "Won" || before == "Lost") continue
    now = after == stage[i] ? value[i] : list[i]
    for (k = 1; k <= 2; k++) {
      who = k == 1 ? "all" : manager[rep[i]]
      if (before == "") book(who, "created", now)
      else {
        book(who, "opening", list[i])
        if (now > list[i]) book(who, "increase", now - list[i])
        if (now < list[i]) book(who, "decrease", now - list[i])
      }
      if (after == "Won" || after == "Lost") book(who, tolower(after), -now); else book(who, "closing", now)
    }
  }
  for (key in booked) {
    exact("pipeline_waterfall", to " " key " deals", booked[key])
    exact("pipeline_waterfall", to " " key " value", amount[key])
  }
}

function tally(key, won, value) {
  if (won) { won_deals[key]++; won_value[key] += value } else lost_deals[key]++
  closed_value[key] += value
}

# Everything that had closed by the end of a day.
function closings(date, i, m, won, month, key) {
  split("", won_deals); split("", lost_deals); split("", won_value); split("", closed_value)
  split("", cycle); split("", months)
  for (i = 1; i <= n; i++) {
    if (closed[i] == "" || closed[i] > date) continue
    won = stage[i] == "Won"
    tally("all ?", won, value[i]); tally("rep " rep[i], won, value[i])
    tally("product " product[i], won, value[i]); tally("industry " industry[i], won, value[i])
    tally("pipeline maven", won, value[i]); tally("segment ?", won, value[i]); tally("source ?", won, value[i])
    month = substr(closed[i], 1, 7) "-01"; months["month " month] = month; tally("month " month, won, value[i])
    if (won) cycle["month " month] += day(closed[i]) - day(since[i])
    tally("manager " manager[rep[i]], won, value[i])
  }
  for (key in closed_value) {
    if (key in months) {
      m = date " " months[key] " "
      exact("won_deals_summary", m "deal_count", won_deals[key])
      exact("won_deals_summary", m "total_value", won_value[key])
      share("won_deals_summary", m "avg_deal_size", won_value[key], won_deals[key])
      share("won_deals_summary", m "avg_cycle_days", cycle[key], won_deals[key])
      exact("won_deals_summary", m "lost_deals", lost_deals[key])
      share("won_deals_summary", m "win_rate", won_deals[key], won_deals[key] + lost_deals[key])
      exact("won_deals_summary", m "deals_without_value", 0)
    } else if (key ~ /^manager /) {
      m = substr(key, 9)
      if (date != EXPORT) continue
      exact("teams of managers", m " reps", team[m])
      exact("teams of managers", m " won_deals", won_deals[key])
      exact("teams of managers", m " won_value", won_value[key])
    } else {
      m = date " " key " "
      exact("win_rates", m "won_deals", won_deals[key]); exact("win_rates", m "lost_deals", lost_deals[key])
      share("win_rates", m "win_rate", won_deals[key], won_deals[key] + lost_deals[key])
      exact("win_rates", m "won_value", won_value[key]); exact("win_rates", m "closed_value", closed_value[key])
      share("win_rates", m "win_rate_by_value", won_value[key], closed_value[key])
    }
  }
}

function open_deals(i, days, score, typical, key) {
  split("", held); split("", worth)
  for (i = 1; i <= n; i++) {
    if (closed[i] != "") continue
    held[rep[i] " " stage[i]]++; worth[rep[i] " " stage[i]] += list[i]
    days = day(EXPORT) - day(since[i]); score = health(days, TYPICAL[stage[i]])
    if (score < 60) {
      key = id[i] " "; large += list[i] >= LARGE
      close_to("at_risk_deals", key "health_score", score)
      say("at_risk_deals", key "health_category", "text", score < 40 ? "critical" : "at_risk")
      exact("at_risk_deals", key "deal_value", list[i])
      say("at_risk_deals", key "company", "text", account[i] == "" ? "\\N" : account[i])
      say("at_risk_deals", key "risk_factors", "text", risks(days, TYPICAL[stage[i]]))
    }
    if (industry[i] == "technology") {
      typical = stage[i] == "Engaging" ? 90 : TYPICAL[stage[i]]
      tech++; tech_risky += health(days, typical) < 60
      tech_weighted += list[i] * probability(stage[i], days, typical)
    } else {
      other++; other_risky += score < 60
      other_weighted += list[i] * probability(stage[i], days, TYPICAL[stage[i]])
    }
  }
  exact("at_risk_deals", "from " LARGE, large)
  for (key in held) {
    exact("team_performance", key " deal_count", held[key])
    exact("team_performance", key " total_value", worth[key])
  }
  exact("framework of a vertical", "technology deals", tech)
  exact("framework of a vertical", "technology at_risk", tech_risky)
  close_to("framework of a vertical", "technology weighted", tech_weighted)
  exact("framework of a vertical", "other deals", other)
  exact("framework of a vertical", "other at_risk", other_risky)
  close_to("framework of a vertical", "other weighted", other_weighted)
}

# How good the probabilities were: p and the outcome of each deal go in one by one.
function predicted(p, won) {
  tried++; hits += won; mean += p
  loss -= log(won ? p : 1 - p); squares += (p - won) ^ 2
  if (won) good[int(p * 100)]++; else bad[int(p * 100)]++
}
function quality(section, b, below, ordered) {
  for (b = 0; b < 100; b++) { ordered += good[b] * (below + bad[b] / 2); below += bad[b] }
  exact(section, "deals", tried); close_to(section, "log_loss", loss / tried)
  close_to(section, "brier", squares / tried); close_to(section, "mean_predicted", mean / tried)
  close_to(section, "win_rate", hits / tried); close_to(section, "auc", ordered / (hits * (tried - hits)))
  tried = hits = mean = loss = squares = 0
  split("", good); split("", bad)
}

function waterfalls(m) { for (m = 2; m <= MONTHS; m++) waterfall(MONTH_END[m - 1], MONTH_END[m]) }

function backtests(i, m) {
  for (i = 1; i <= n; i++)
    if (closed[i] != "" && day(closed[i]) - 7 >= day(since[i]))
      predicted(probability("Engaging", day(closed[i]) - 7 - day(since[i]), 45), stage[i] == "Won")
  quality("compare_frameworks")
  for (m = 1; m < MONTHS; m++)
    for (i = 1; i <= n; i++)
      if (closed[i] != "" && stage_at(i, MONTH_END[m]) == "Engaging")
        predicted(probability("Engaging", day(MONTH_END[m]) - day(since[i]), 45), stage[i] == "Won")
  quality("score_quality")
}

END {
  for (i = 1; i <= n; i++) {
    final[stage[i]]++
    if (closed[i] != "") { ended++; days_open += day(closed[i]) - day(since[i]) }
  }
  exact("what was loaded", "accounts", accounts); exact("what was loaded", "products", products)
  exact("what was loaded", "reps", reps + managers); exact("what was loaded", "managed reps", reps)
  exact("what was loaded", "deals", n); exact("what was loaded", "open deals without account", without_account)
  exact("what was loaded", "deals with a product renamed", renamed)
  exact("what was loaded", "accounts with a sector renamed", misspelt_sectors)
  exact("what was loaded", "names that match nothing", unmatched)

  exact("deal_history", "versions", n + ended)
  exact("deal_history", "Prospecting versions", final["Prospecting"])
  exact("deal_history", "Engaging versions", final["Engaging"] + ended)
  exact("deal_history", "Won versions", final["Won"]); exact("deal_history", "Lost versions", final["Lost"])
  exact("deal_history", "days from engaging to closing", days_open)

  exact("known_at", "before the load deals", 0)
  exact("known_at", "before the closings Prospecting", final["Prospecting"])
  exact("known_at", "before the closings Engaging", final["Engaging"] + ended)
  for (s = 1; s <= STAGES; s++) exact("known_at", "after the load " STAGE[s], final[STAGE[s]])

  for (m = 1; m <= MONTHS; m++) snapshot(MONTH_END[m])
  viewed()
  closings(EXPORT); closings(MIDWAY)
  open_deals()
  waterfalls()
  backtests()
}
