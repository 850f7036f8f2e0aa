#include "pg/signature.hpp"

namespace revenue::pg {
namespace {

struct Entry {
  const char* name;
  Signature (*describe)();
};

std::vector<Entry>& entries() {
  static std::vector<Entry> all;
  return all;
}

}  // namespace

Registration::Registration(const char* name, Signature (*describe)()) {
  entries().push_back({name, describe});
}

std::vector<Signature> registered_signatures() {
  std::vector<Signature> signatures;
  for (const Entry& entry : entries()) {
    signatures.push_back(entry.describe());
    signatures.back().name = entry.name;
  }
  return signatures;
}

}  // namespace revenue::pg
