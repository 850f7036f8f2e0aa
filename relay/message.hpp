// What the relay takes from the outbox, and what becomes of it.
#pragma once

#include <string>

namespace relay {

struct Message {
  int org_id = 0;
  std::string message_id;
  int attempt = 0;
  std::string idempotency_key;
  std::string channel;
  std::string destination;
  std::string subject;  ///< empty = none
  std::string body;
  std::string payload;     ///< JSON; empty = none
  std::string created_at;  ///< ISO 8601
};

/// How an attempt ended. A permanent failure is one that another attempt would meet too.
struct Outcome {
  enum class Kind { delivered, failed, refused };
  Kind kind = Kind::failed;
  std::string error;
  int retry_after = 0;  ///< seconds that the receiver asked for; 0 = none
};

}  // namespace relay
