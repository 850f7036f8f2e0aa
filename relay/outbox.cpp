#include "outbox.hpp"

#include <functional>

namespace relay {
namespace {

// The names of destinations, ids and numbers need no quotes.
template <class Items, class Text>
std::string array(const Items& items, Text text) {
  std::string literal;
  for (const auto& item : items) literal += (literal.empty() ? "{" : ",") + std::string(text(item));
  return literal.empty() ? "{}" : literal + "}";
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

// A server that is gone without a word is noticed, and none is waited for for ever.
Outbox::Outbox(const Settings& settings) : settings_(settings), connection_(nullptr, PQfinish) {
  const char* const keywords[] = {
      "dbname",          "fallback_application_name", "connect_timeout", "client_encoding",
      "keepalives_idle", "tcp_user_timeout",          "options",         nullptr};
  const char* const values[] = {settings.database.c_str(),
                                "revenue-relay",
                                "10",
                                "UTF8",
                                "30",
                                "20000",
                                "-c statement_timeout=20s -c datestyle=ISO",
                                nullptr};
  connection_.reset(PQconnectdbParams(keywords, values, 1));
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    throw OutboxError(trimmed(PQerrorMessage(connection_.get())));
  run("LISTEN revenue_outbox", {});
}

Outbox::Result Outbox::run(const char* query, const std::vector<std::string>& arguments) {
  std::vector<const char*> values;
  for (const std::string& argument : arguments) values.push_back(argument.c_str());
  Result result(PQexecParams(connection_.get(), query, static_cast<int>(values.size()), nullptr,
                             values.data(), nullptr, nullptr, 0),
                PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    throw OutboxError(trimmed(PQerrorMessage(connection_.get())));
  return result;
}

bool Outbox::notified() {
  if (PQconsumeInput(connection_.get()) == 0)
    throw OutboxError(trimmed(PQerrorMessage(connection_.get())));
  bool any = false;
  while (PGnotify* notification = PQnotifies(connection_.get())) {
    any = true;
    PQfreemem(notification);
  }
  return any;
}

std::vector<Message> Outbox::claim(const std::vector<std::string>& destinations, int most) {
  const Result rows =
      run("SELECT org_id, message_id, attempt, idempotency_key, channel, destination, "
          "coalesce(subject, ''), body,"
          " coalesce(payload::text, ''), to_char(created_at AT TIME ZONE 'UTC', "
          "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
          " FROM revenue.claim_messages($1, make_interval(secs => $2), $3, $4)",
          {std::to_string(most), std::to_string(settings_.lease),
           array(destinations, std::identity()), settings_.name});
  std::vector<Message> messages;
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    const auto text = [&](int column) { return std::string(PQgetvalue(rows.get(), row, column)); };
    messages.push_back({.org_id = std::stoi(text(0)),
                        .message_id = text(1),
                        .attempt = std::stoi(text(2)),
                        .idempotency_key = text(3),
                        .channel = text(4),
                        .destination = text(5),
                        .subject = text(6),
                        .body = text(7),
                        .payload = text(8),
                        .created_at = text(9)});
  }
  return messages;
}

void Outbox::complete(std::span<const Delivery> deliveries) {
  if (deliveries.empty()) return;
  run("SELECT revenue.complete_message(t.message_id, t.org_id) FROM unnest($1::uuid[], "
      "$2::integer[]) AS t(message_id, org_id)",
      {array(deliveries, [](const Delivery& d) { return d.message.message_id; }),
       array(deliveries, [](const Delivery& d) { return std::to_string(d.message.org_id); })});
}

std::string Outbox::fail(const Delivery& delivery) {
  const Result row =
      run("SELECT revenue.fail_message($1, $2, $3, $4, make_interval(secs => $5), $6)",
          {delivery.message.message_id, std::to_string(delivery.message.attempt),
           settings_.secrets.redact(delivery.outcome.error),
           delivery.outcome.kind == Outcome::Kind::refused ? "true" : "false",
           std::to_string(delivery.outcome.retry_after), std::to_string(delivery.message.org_id)});
  return PQgetvalue(row.get(), 0, 0);
}

}  // namespace relay
