#include "core/sqlstate.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace backfill;

TEST_CASE("every_row_of_the_sqlstate_table_is_frozen") {
  using enum ErrorClass;
  const std::vector<SqlstateRow> frozen{
      {"08", reconnect},
      {"08007", ambiguous},
      {"0A000", retry_batch},
      {"20", row},
      {"21", row},
      {"22", row},
      {"23", row},
      {"25006", reconnect},
      {"25P03", reconnect},
      {"25P04", reconnect},
      {"26000", retry_batch},
      {"2F", row},
      {"38", row},
      {"39", row},
      {"40", retry_batch},
      {"40002", row},
      {"40003", ambiguous},
      {"42P05", retry_batch},
      {"44", row},
      {"53", shrink_batch},
      {"53100", fatal},
      {"53300", reconnect},
      {"54", row},
      {"54011", fatal},
      {"54023", fatal},
      {"55P03", retry_batch},
      {"57014", shrink_batch},
      {"57P01", reconnect},
      {"57P02", reconnect},
      {"57P03", reconnect},
      {"57P05", reconnect},
      {"72000", retry_batch},
      {"BF001", lease_lost},
      {"BF002", ambiguous},
      {"P0", row},
  };
  const auto table = sqlstate_table();
  REQUIRE(std::vector<SqlstateRow>(table.begin(), table.end()) == frozen);
}

TEST_CASE("each_row_of_the_sqlstate_table_is_found_by_lookup") {
  for (const auto& row : sqlstate_table()) {
    // No class has a code ZZZ of its own, so it shows what the class says.
    const auto code = row.code.size() == 2 ? std::string(row.code) + "ZZZ" : std::string(row.code);
    INFO(code);
    CHECK(classify_sqlstate(code) == row.kind);
  }
}

TEST_CASE("a_code_of_a_known_class_takes_the_class_of_its_class") {
  CHECK(classify_sqlstate("08006") == ErrorClass::reconnect);
  CHECK(classify_sqlstate("22P02") == ErrorClass::row);
  CHECK(classify_sqlstate("23514") == ErrorClass::row);
  CHECK(classify_sqlstate("40001") == ErrorClass::retry_batch);
  CHECK(classify_sqlstate("40P01") == ErrorClass::retry_batch);
  CHECK(classify_sqlstate("44000") == ErrorClass::row);
  CHECK(classify_sqlstate("53200") == ErrorClass::shrink_batch);
  CHECK(classify_sqlstate("54000") == ErrorClass::row);
  CHECK(classify_sqlstate("P0001") == ErrorClass::row);
}

TEST_CASE("an_unknown_code_is_fatal") {
  for (const auto* const code : {"42P01", "42703", "42501", "28P01", "3D000", "25P02", "55000",
                                 "57P04", "58030", "XX000", "XX001", "BF003", "ZZZZZ"}) {
    INFO(code);
    CHECK(classify_sqlstate(code) == ErrorClass::fatal);
  }
}

TEST_CASE("what_is_not_five_characters_is_no_sqlstate_and_fatal") {
  for (const auto* const code : {"", "0", "08", "08P", "4000", "400011", "40P01 "}) {
    INFO(code);
    CHECK(classify_sqlstate(code) == ErrorClass::fatal);
  }
}
