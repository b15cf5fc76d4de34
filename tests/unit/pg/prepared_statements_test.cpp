#include "pg/prepared_statements.hpp"

#include <catch2/catch.hpp>

namespace backfill::pg {

TEST_CASE("the_name_of_a_prepared_statement_is_the_hash_of_its_text") {
  // The published FNV-1a test vectors for "" and "foobar".
  CHECK(PreparedStatements::name_of("") == "backfill_cbf29ce484222325");
  CHECK(PreparedStatements::name_of("foobar") == "backfill_85944171f73967e8");
}

TEST_CASE("a_statement_is_prepared_once_and_known_after_its_confirmation") {
  PreparedStatements prepared;
  CHECK(prepared.use("a")->prepare);
  CHECK_FALSE(prepared.use("a")->prepare);
  prepared.confirm("a");
  CHECK_FALSE(prepared.is_ready("a"));
  prepared.end_flight();
  CHECK(prepared.is_ready("a"));
  CHECK_FALSE(prepared.use("a")->prepare);
}

TEST_CASE("what_the_server_did_not_confirm_is_prepared_again") {
  PreparedStatements prepared;
  CHECK(prepared.use("a")->prepare);
  prepared.end_flight();
  CHECK(prepared.use("a")->prepare);
}

TEST_CASE("a_replaced_statement_is_deallocated_once_and_prepared_again") {
  PreparedStatements prepared;
  const std::string name = prepared.use("a")->name;
  prepared.confirm("a");
  prepared.end_flight();
  prepared.replace("a");
  CHECK(prepared.take_deallocations() == std::vector<std::string>{name});
  CHECK(prepared.take_deallocations().empty());
  CHECK(prepared.use("a")->prepare);
}

TEST_CASE("a_session_that_keeps_nothing_gets_unnamed_statements_only") {
  PreparedStatements prepared;
  CHECK(prepared.use("a"));
  prepared.replace("a");
  prepared.distrust();
  CHECK_FALSE(prepared.use("a"));
  CHECK(prepared.take_deallocations().empty());
}

TEST_CASE("the_number_of_prepared_statements_is_limited") {
  PreparedStatements prepared;
  for (std::size_t i = 0; i < PreparedStatements::count_max; ++i) {
    CHECK(prepared.use(std::to_string(i)));
  }
  CHECK_FALSE(prepared.use("one more"));
  CHECK(prepared.use("0"));
}

}  // namespace backfill::pg
