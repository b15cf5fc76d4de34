#include "config/lint/allowances.hpp"

#include <catch2/catch.hpp>

#include "unit/config/lint/lint.hpp"

namespace backfill::test {

TEST_CASE("a_comment_allows_a_rule_in_its_line_and_above_it") {
  CHECK(found(backfill_of("set:\n  n: n + 1  # backfill-lint: allow not-idempotent\n")) == Lines{});
  CHECK(found(backfill_of("set:\n  # backfill-lint: allow not-idempotent (a counter)\n"
                          "  # which is read by nobody\n  n: n + 1\n")) == Lines{});
  CHECK(found(backfill_of("set:\n  # backfill-lint: allow not-idempotent\n  n: |\n    n\n"
                          "    + 1\n")) == Lines{});
}

TEST_CASE("a_comment_elsewhere_allows_nothing_and_is_called_unused") {
  CHECK(found(backfill_of("# backfill-lint: allow not-idempotent\nset:\n  n: n + 1\n")) ==
        Lines{"4:24 unused-allowance", "6:6 not-idempotent"});
  CHECK(found(backfill_of("set:\n  n: n + 1\n# backfill-lint: allow not-idempotent\n")) ==
        Lines{"5:6 not-idempotent", "6:24 unused-allowance"});
}

TEST_CASE("what_is_about_the_whole_file_is_allowed_anywhere_in_it") {
  CHECK(found(backfill_of("set:\n  n: lower(x)\n# backfill-lint: allow file-name\n"),
              "emails.yaml") == Lines{});
}

TEST_CASE("one_comment_allows_several_rules") {
  CHECK(found(backfill_of("set:\n  # backfill-lint: allow not-idempotent, volatile-function why\n"
                          "  n: n + random()\n")) == Lines{});
}

TEST_CASE("a_rule_that_is_not_there_or_cannot_be_allowed_is_named") {
  CHECK(found(backfill_of("# backfill-lint: allow not-idempotnet\nset:\n  n: lower(x)\n")) ==
        Lines{"4:24 unknown-allowance"});
  CHECK(found(backfill_of("# backfill-lint: allow schema\nset:\n  n: lower(x)\n")) ==
        Lines{"4:24 unknown-allowance"});
}

TEST_CASE("what_nobody_has_looked_for_is_not_called_unused") {
  CHECK(found(backfill_of("# backfill-lint: allow changed-after-commit\nset:\n  n: lower(x)\n")) ==
        Lines{});
}

TEST_CASE("only_comments_that_speak_to_us_are_read") {
  CHECK(lint::find_allowances("a: b#backfill-lint: allow x\n").empty());
  CHECK(lint::find_allowances("# backfill-lint allow x\n# backfill-lint: allows x\n").empty());
  CHECK(lint::find_allowances("# backfill-lint: allow\n").empty());
  const auto found = lint::find_allowances("ä: 1 #backfill-lint:allow x,y , z because a, b\n");
  REQUIRE(found.size() == 3);
  CHECK(found[0].column == 27);
  CHECK(found[2].rule == "z");
}

}  // namespace backfill::test
