#include "backfill/error.hpp"

#include <catch2/catch.hpp>

using namespace backfill;

TEST_CASE("each_error_class_has_its_frozen_name") {
  CHECK(to_string(ErrorClass::retry_batch) == "retry_batch");
  CHECK(to_string(ErrorClass::shrink_batch) == "shrink_batch");
  CHECK(to_string(ErrorClass::reconnect) == "reconnect");
  CHECK(to_string(ErrorClass::ambiguous) == "ambiguous");
  CHECK(to_string(ErrorClass::row) == "row");
  CHECK(to_string(ErrorClass::lease_lost) == "lease_lost");
  CHECK(to_string(ErrorClass::fatal) == "fatal");
}

TEST_CASE("a_fatal_error_carries_its_message_and_hint_and_nothing_else") {
  const auto error = fatal_error("no such job", "try: backfill status");
  CHECK(error.kind == ErrorClass::fatal);
  CHECK(error.message == "no such job");
  CHECK(error.hint == "try: backfill status");
  CHECK(error.sqlstate.empty());
  CHECK(error.detail.empty());
  CHECK(error.context.empty());
}

TEST_CASE("an_error_is_described_on_one_line_with_all_that_is_known") {
  Error error;
  error.sqlstate = "42P01";
  error.message = "relation \"nope\" does not exist";
  error.detail = "Looked in\nschema public.";
  error.hint = "Check table:";
  error.context = "could not read the table";
  CHECK(describe(error) ==
        "could not read the table: relation \"nope\" does not exist (SQLSTATE 42P01): "
        "Looked in schema public. Check table:");
}

TEST_CASE("parts_that_an_error_does_not_have_leave_no_trace") {
  CHECK(describe(fatal_error("no such job")) == "no such job");
  CHECK(describe(fatal_error("no such job.", "Try backfill status.")) ==
        "no such job. Try backfill status.");
  Error error;
  error.sqlstate = "57P01";
  CHECK(describe(error) == "(SQLSTATE 57P01)");
  CHECK(describe(Error{}).empty());
}

TEST_CASE("an_ellipsis_at_the_end_of_a_message_is_kept") {
  CHECK(describe(fatal_error("waiting...", "Wait.")) == "waiting.... Wait.");
}
