#include "core/patience.hpp"

#include <catch2/catch.hpp>

using namespace backfill;

namespace {

constexpr int retries = 3;

/// How many setbacks of a kind in a row are borne; `limit` when they never end.
int borne(Setback setback, bool others_commit, int limit) {
  Patience patience;
  Random random(1);
  for (int i = 0; i < limit; ++i) {
    if (patience.on(setback, retries, others_commit ? i : 0, random).exhausted) return i;
  }
  return limit;
}

}  // namespace

TEST_CASE("a_failure_is_tried_again_as_often_as_retries_says") {
  CHECK(borne(Setback::failed, false, 1'000) == retries);
  CHECK(borne(Setback::failed, true, 1'000) == retries);
}

TEST_CASE("giving_way_to_another_session_uses_up_nothing") {
  CHECK(borne(Setback::yielded, false, 1'000) == 1'000);
}

TEST_CASE("locked_rows_are_waited_for_without_end_while_anything_else_commits") {
  CHECK(borne(Setback::locked, true, 1'000) == 1'000);
}

TEST_CASE("locked_rows_get_ten_times_the_tries_once_nothing_else_commits") {
  CHECK(borne(Setback::locked, false, 1'000) == 10 * retries);
  Patience patience;
  Random random(1);
  for (int i = 0; i < 500; ++i) {
    CHECK_FALSE(patience.on(Setback::locked, retries, i, random).exhausted);
  }
  // From here on it is the last range: its patience is whole, however long it has waited.
  for (int i = 0; i < 10 * retries - 1; ++i) {
    CHECK_FALSE(patience.on(Setback::locked, retries, 499, random).exhausted);
  }
  CHECK(patience.on(Setback::locked, retries, 499, random).exhausted);
}

TEST_CASE("setbacks_of_one_kind_do_not_count_for_another") {
  Patience patience;
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(patience.on(Setback::yielded, retries, 0, random).exhausted);
  }
  const Patience::Verdict verdict = patience.on(Setback::failed, retries, 0, random);
  CHECK(verdict.tries == 1);
  CHECK(verdict.limit == retries);
  CHECK(verdict.pause <= BackoffSettings{}.base);
}

TEST_CASE("a_success_forgets_every_setback") {
  Patience patience;
  Random random(1);
  for (int i = 0; i < retries; ++i) {
    static_cast<void>(patience.on(Setback::failed, retries, 0, random));
    static_cast<void>(patience.on(Setback::locked, retries, 0, random));
  }
  CHECK(patience.is_locked());
  patience.reset();
  CHECK_FALSE(patience.is_locked());
  CHECK(patience.on(Setback::failed, retries, 0, random).tries == 1);
  CHECK(patience.on(Setback::locked, retries, 0, random).tries == 1);
}
