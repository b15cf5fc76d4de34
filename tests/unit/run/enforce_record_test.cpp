#include "run/enforce_record.hpp"

#include <catch2/catch.hpp>

using namespace backfill::run;

TEST_CASE("what_a_job_has_begun_is_read_back_as_it_was_written") {
  EnforceRecord record;
  record.begun.push_back({1, "unique: email", "users_email_key", std::nullopt});
  record.begun.push_back({3, "default: status = 'new'", "", "'old'::text"});
  const EnforceRecord read = EnforceRecord::parse(record.json());
  CHECK(read.begun == record.begun);
  CHECK(read.find(3)->old_default == "'old'::text");
  CHECK(read.find(2) == nullptr);
}

TEST_CASE("a_record_that_cannot_be_read_holds_nothing") {
  for (const char* text :
       {"", "{}", "[]", "{\"begun\": 1}", "{\"begun\": [1, {\"step\": \"x\"}]}"}) {
    CHECK(EnforceRecord::parse(text).begun.empty());
  }
  CHECK(parse_added_columns("{\"added\": [1, \"a\"]}") == std::vector<std::string>{"a"});
  CHECK(parse_added_columns(added_columns_json({"a", "b\"c"})) ==
        std::vector<std::string>{"a", "b\"c"});
  CHECK(parse_added_columns("nonsense").empty());
}
