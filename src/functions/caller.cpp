#include "functions/caller.hpp"

#include "pg/json.hpp"
#include "pg/query.hpp"
#include "pg/setting.hpp"

namespace revenue::access {
namespace {

enum IdentitySource { from_role, from_jwt };
const config_enum_entry kIdentitySources[] = {
    {"role", from_role, false}, {"jwt", from_jwt, false}, {nullptr, 0, false}};

int identity_source = from_role;
char* jwt_claim = nullptr;
char* left_out = nullptr;  // read and written by SQL
int org_setting = 0;

constexpr const char* kClaimsSetting = "request.jwt.claims";

// What the answer depends on. The outer role is the one SET ROLE chose: a SECURITY DEFINER function
// does not change it, so code that runs with the owner's rights still sees the caller's organisations.
struct Key {
  Oid role;
  TimestampTz statement;
  CommandId command;
  int source;
  int org;
  bool operator==(const Key&) const = default;
};

struct Cached {
  bool valid = false;
  Key key{};
  std::string claims;
  Caller caller{};
};

Cached& cached() {
  static Cached instance;
  return instance;
}

// Rights given inside a transaction or a savepoint are gone with its rollback, whatever the key says.
void forget() { cached().valid = false; }

std::string_view claims() {
  if (identity_source != from_jwt) return {};
  const char* text = pg::call([] { return GetConfigOption(kClaimsSetting, true, false); });
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string subject(std::string_view claims) {
  if (claims.empty()) return {};
  const std::string text(claims);
  Jsonb* parsed;
  try {
    parsed = pg::call([&text] {
      return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text.c_str())));
    });
  } catch (const pg::ServerError& error) {
    if (error.data->sqlerrcode != ERRCODE_INVALID_TEXT_REPRESENTATION) throw;
    throw Error(ErrorCode::invalid_argument, std::string(kClaimsSetting) + " is not valid JSON",
                "The gateway must set it to the claims of a verified token.");
  }
  for (const pg::JsonEntry& entry : pg::object_entries(&parsed->root, kClaimsSetting))
    if (entry.key == jwt_claim && entry.value.type == jbvString)
      return {entry.value.val.string.val, static_cast<std::size_t>(entry.value.val.string.len)};
  return {};
}

Level level_from(std::string_view name) {
  if (name == "owner") return Level::owner;
  if (name == "admin") return Level::admin;
  if (name == "analyst") return Level::analyst;
  if (name == "member") return Level::member;
  return Level::viewer;
}

Caller load(const Key& key, std::string_view claims) {
  Caller caller{};
  const Oid owner = pg::owner_of("revenue", "members");
  caller.identity = key.source == from_jwt
                        ? subject(claims)
                        : std::string(pg::call([&] { return GetUserNameFromId(key.role, false); }));
  caller.sees_everything = key.role == owner || pg::call([&] {
    return superuser_arg(key.role) || has_bypassrls_privilege(key.role);
  });

  const Datum identity = pg::Codec<std::string>::put(caller.identity);
  const pg::QueryResult orgs =
      caller.sees_everything
          ? pg::read_as(owner,
                        "SELECT org_id, 'owner'::pg_catalog.text FROM revenue.orgs ORDER BY org_id", {}, {})
          : pg::read_as(owner,
                        "SELECT org_id, access_level FROM revenue.members"
                        " WHERE identity OPERATOR(pg_catalog.=) $1 AND accepted_at IS NOT NULL ORDER BY org_id",
                        {identity}, {TEXTOID});
  for (int row = 0; row < orgs.rows; ++row) {
    const auto org = DatumGetInt32(orgs.at(row, 0));
    if (key.org == 0 || key.org == org)
      caller.memberships.push_back({org, level_from(pg::Codec<std::string_view>::get(orgs.at(row, 1)))});
  }

  const pg::QueryResult reps =
      pg::read_as(owner, "SELECT org_id, rep_id FROM revenue.reps WHERE identity OPERATOR(pg_catalog.=) $1",
                  {identity}, {TEXTOID});
  for (int row = 0; row < reps.rows; ++row)
    caller.reps.push_back({DatumGetInt32(reps.at(row, 0)), pg::Codec<std::string>::get(reps.at(row, 1))});
  return caller;
}

// What a client sets as it connects (PGOPTIONS), before the library defines the setting, takes the place of
// what the database, the role or the configuration file say, and is thrown away as soon as it turns out
// that the client may not: then the built-in default is left, and not what the superuser chose.
void refuse_what_the_client_set(const char* name) {
  const bool refused = pg::call([name] {
    const config_generic* const setting = pg::find_setting(name);
    return setting != nullptr && (setting->flags & GUC_CUSTOM_PLACEHOLDER) != 0 &&
           setting->reset_source >= PGC_S_CLIENT && setting->reset_scontext != PGC_SU_BACKEND &&
           setting->reset_scontext != PGC_SUSET &&
           pg_parameter_aclcheck(name, setting->reset_srole, ACL_SET) != ACLCHECK_OK;
  });
  if (refused)
    throw Error(ErrorCode::insufficient_privilege, std::string("permission denied to set parameter \"") + name + "\"",
                "Connect without it in the connection's options: only a superuser may set it.");
}

}  // namespace

const Caller& current_caller() {
  Cached& cache = cached();
  const Key key{GetOuterUserId(), GetCurrentStatementStartTimestamp(), GetCurrentCommandId(false),
                identity_source, org_setting};
  const std::string_view token = claims();
  if (cache.valid && cache.key == key && cache.claims == token) return cache.caller;

  cache.valid = false;
  const std::uint64_t generation = cache.caller.generation + 1;
  cache.claims = token;
  cache.caller = load(key, token);
  cache.caller.generation = generation;
  cache.key = key;
  cache.valid = true;
  return cache.caller;
}

std::int32_t chosen_org() { return org_setting; }

void initialise() {
  refuse_what_the_client_set("revenue_intel.identity_source");
  refuse_what_the_client_set("revenue_intel.jwt_claim");
  DefineCustomEnumVariable("revenue_intel.identity_source",
                           "Where the caller's identity comes from: the database role, or a JWT claim.",
                           "Set jwt only where a trusted gateway sets request.jwt.claims for every request.",
                           &identity_source, from_role, kIdentitySources, PGC_SUSET, 0, nullptr, nullptr,
                           nullptr);
  DefineCustomStringVariable("revenue_intel.jwt_claim", "The claim that holds the caller's identity.",
                             nullptr, &jwt_claim, "sub", PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("revenue_intel.org_id",
                          "The organisation that functions and views work on; 0 = all you may see.",
                          "It can only narrow what the caller may see.", &org_setting, 0, 0, PG_INT32_MAX,
                          PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("revenue_intel.left_out", "What leave_out() noted in this transaction.", nullptr,
                             &left_out, "", PGC_USERSET, GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE, nullptr, nullptr,
                             nullptr);
  MarkGUCPrefixReserved("revenue_intel");
  RegisterXactCallback([](XactEvent, void*) { forget(); }, nullptr);
  RegisterSubXactCallback([](SubXactEvent, SubTransactionId, SubTransactionId, void*) { forget(); }, nullptr);
}

}  // namespace revenue::access
