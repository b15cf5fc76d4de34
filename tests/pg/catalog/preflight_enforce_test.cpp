#include <utility>

#include <catch2/catch.hpp>

#include "pg/catalog/preflight_fixture.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

using Lines = std::vector<std::string>;

/// The findings of `set: {out: lower(email)}` with these steps, on `t` and what `more` makes.
asio::awaitable<Lines> findings_with(std::string more, std::vector<EnforceStep> steps) {
  const auto connection = co_await database_with(table_t_sql + std::move(more));
  Job job = job_setting("t", "out", "lower(email)");
  job.enforce = std::move(steps);
  Lines lines = co_await findings_of(connection.get(), std::move(job));
  co_return lines;
}

EnforceForeignKey key_to(std::string table, std::string column) {
  EnforceForeignKey key;
  key.columns = {"n"};
  key.references = {"public", std::move(table)};
  key.referenced = {std::move(column)};
  return key;
}

bool refused(const Lines& lines, const std::string& words) {
  for (const std::string& line : lines) {
    if (line.find("refused: ") != std::string::npos && line.find(words) != std::string::npos) {
      return true;
    }
  }
  UNSCOPED_INFO("not refused: " + words);
  for (const std::string& line : lines) UNSCOPED_INFO(line);
  return false;
}

const std::string plans = "CREATE TABLE plans (id int PRIMARY KEY, code text, other int);";

}  // namespace

TEST_CASE("steps_that_can_hold_are_not_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    const EnforceForeignKey key = key_to("plans", "id");
    std::vector<EnforceStep> steps{EnforceNotNull{"out"}, EnforceUnique{{"out"}, {}},
                                   EnforceCheck{"n > 0", {}}, key, EnforceDefault{"n", "1 + 1"}};
    const Lines lines = co_await findings_with(plans, std::move(steps));
    for (const std::string& line : lines) {
      INFO(line);
      CHECK(line.find("refused: ") == std::string::npos);
    }
  }());
}

TEST_CASE("what_enforce_names_must_exist_and_its_own_names_must_be_free") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<EnforceStep> steps{EnforceNotNull{"outt"}, EnforceUnique{{"email"}, "plans"},
                                   EnforceCheck{"n > 'x'", {}}, EnforceCheck{"n > 0", {}},
                                   EnforceDefault{"n", "'a'::jsonb"}};
    const Lines lines = co_await findings_with(plans, std::move(steps));
    CHECK(refused(lines, "column outt of `enforce` (not_null: outt) does not exist in public.t"));
    CHECK(refused(lines, "Did you mean out?"));
    CHECK(refused(lines, "the name plans that `enforce` (unique: email name: plans) needs"));
    CHECK(refused(lines, "the server rejects `enforce` (check: n > 'x')"));
    CHECK(refused(lines, "two steps of `enforce` would make t_n_check"));
    CHECK(refused(lines, "the server rejects `enforce` (default: n = 'a'::jsonb)"));
  }());
}

TEST_CASE("what_a_foreign_key_refers_to_must_be_there_unique_and_comparable") {
  run_coroutine([]() -> asio::awaitable<void> {
    EnforceForeignKey nowhere = key_to("nowhere", "id");
    nowhere.name = "k1";
    EnforceForeignKey no_column = key_to("plans", "idd");
    no_column.name = "k2";
    EnforceForeignKey not_unique = key_to("plans", "other");
    not_unique.name = "k3";
    EnforceForeignKey other_type = key_to("plans", "code");
    other_type.name = "k4";
    EnforceForeignKey own = key_to("t", "id");
    own.name = "k5";
    own.columns = {"id"};
    own.orphans = Orphans::remove;
    EnforceForeignKey not_nullable = key_to("plans", "id");
    not_nullable.columns = {"id"};
    not_nullable.orphans = Orphans::set_null;
    not_nullable.name = "k6";
    std::vector<EnforceStep> steps{nowhere, no_column, not_unique, other_type, own, not_nullable};
    const Lines lines =
        co_await findings_with(plans + "CREATE UNIQUE INDEX ON plans (code);", std::move(steps));
    CHECK(refused(lines, "refers to public.nowhere (id), and there is no such table"));
    CHECK(refused(lines, "which has no column idd"));
    CHECK(refused(lines, "no unique index stands on exactly these columns"));
    CHECK(refused(lines, "n (integer) cannot refer to public.plans.code (text)"));
    CHECK(refused(lines, "public.t refers to itself"));
    CHECK(refused(lines, "orphans: set_null cannot be"));
  }());
}

TEST_CASE("values_that_the_job_would_leave_null_or_equal_show_before_anything_is_touched") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<EnforceStep> steps{EnforceNotNull{"out"}, EnforceUnique{{"out"}, {}}};
    const Lines lines = co_await findings_with(
        "INSERT INTO t VALUES (100, NULL, 1), (101, 'a1', 1);", std::move(steps));
    CHECK(refused(lines, "1 row of public.t would still be NULL in out"));
    CHECK(refused(lines,
                  "(out) of public.t would not be unique, which `enforce` demands: (a1) 2 "
                  "times"));
  }());
}

TEST_CASE("steps_that_would_lock_a_partitioned_table_are_refused_by_name") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (id bigint PRIMARY KEY, out text) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);");
    Job job = job_setting("t", "out", "'x'");
    job.enforce = {EnforceUnique{{"out"}, {}}, EnforceNotNull{"out"}};
    const Lines lines = co_await findings_of(connection.get(), std::move(job));
    CHECK(refused(lines, "public.t is partitioned"));
    CHECK(refused(lines, "unique: out"));
    for (const std::string& line : lines) {
      CHECK(line.find("not_null: out") == std::string::npos);
    }
  }());
}
