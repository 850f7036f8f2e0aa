// What the relay takes from the outbox, and what becomes of it.
#pragma once

#include <string>
#include <string_view>

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

/// A destination belongs to an organisation: "7:slack:sales" is slack:sales of the organisation 7.
inline std::string destination_key(int org_id, std::string_view channel, std::string_view name) {
  return std::to_string(org_id) + ":" + std::string(channel) + ":" + std::string(name);
}

/// How an attempt ended. A permanent failure is one that another attempt would meet too.
struct Outcome {
  enum class Kind { delivered, failed, refused };
  Kind kind = Kind::failed;
  std::string error;
  int retry_after = 0;  ///< seconds that the receiver asked for; 0 = none
};

}  // namespace relay
