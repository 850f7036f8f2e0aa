// The outbox in the database, by libpq.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "message.hpp"
#include "settings.hpp"
#include "transfers.hpp"

namespace relay {

/// The connection is gone or the server refused; its message.
struct OutboxError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Outbox {
 public:
  /// Connects and listens.
  explicit Outbox(const Settings& settings);

  int socket() const { return PQsocket(connection_.get()); }
  /// Whether anything was enqueued since the last call.
  bool notified();
  /// Takes messages for these destinations, at most so many.
  std::vector<Message> claim(const std::vector<std::string>& destinations, int most);
  void complete(std::span<const Delivery> deliveries);
  /// The state that the message has now; empty = another relay has it.
  std::string fail(const Delivery& delivery);

 private:
  using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
  Result run(const char* query, const std::vector<std::string>& arguments);

  const Settings& settings_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

}  // namespace relay
