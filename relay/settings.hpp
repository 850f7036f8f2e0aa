// The environment: where messages go, and with which secrets.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "secrets.hpp"

namespace relay {

/// A destination by its parts: RELAY_WEBHOOK_7_ERP_URL and RELAY_WEBHOOK_7_ERP_SECRET are the parts URL
/// and SECRET of webhook:erp of the organisation 7. What names none is of RELAY_ORG.
using Destination = std::map<std::string, std::string>;

struct Settings {
  std::string database;                             ///< conninfo; empty = PGHOST and the like
  std::string name;                                 ///< of this relay, in outbox.leased_by
  std::map<std::string, Destination> destinations;  ///< by destination_key()
  std::string telegram_api = "https://api.telegram.org";
  std::string smtp_url, smtp_user, smtp_password, smtp_from;
  bool smtp_tls = true;
  int timeout = 30;     ///< seconds for one attempt
  int lease = 120;      ///< seconds that a message is ours
  int poll = 10;        ///< seconds between looks at the outbox without a notification
  int concurrency = 8;  ///< attempts at once
  Secrets secrets;
};

/// Names the variable that is wrong, never its value.
struct SettingsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads variables such as environ's, NAME=value, ended by a null pointer.
Settings read_settings(const char* const* variables);

/// "https://host:port/path?query" without the scheme and host; empty = none.
std::string_view path_of(std::string_view url);

}  // namespace relay
