#include "core/foundation/table.hpp"

#include "support.hpp"

namespace revenue {
namespace {

TEST(Table, FindsANameHoweverItIsWritten) {
  const Table table{{"Closed Won", 1}, {"proposal", 0.5}};
  for (const char* name : {"closed_won", "Closed Won", "CLOSED-WON", "closed won"})
    EXPECT_EQ(table.find(name), 1.0) << name;
  EXPECT_EQ(table.entries().front().first, "closed_won");
}

TEST(Table, FindsNothingElse) {
  const Table table{{"proposal", 0.5}};
  for (const char* name : {"", "proposa", "proposals", "Pr\xC3\xB6posal", "proposa\x00l"})
    EXPECT_EQ(table.find(name), std::nullopt) << name;
  EXPECT_EQ(Table{}.find("proposal"), std::nullopt);
}

TEST(Table, SetReplacesOrAppends) {
  Table table{{"proposal", 0.5}};
  table.set("Proposal", 0.6);
  table.set("pilot", 0.4);
  EXPECT_EQ(table, (Table{{"proposal", 0.6}, {"pilot", 0.4}}));
}

}  // namespace
}  // namespace revenue
