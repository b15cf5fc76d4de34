#include <catch2/catch.hpp>

#include "pg/catalog/preflight_fixture.hpp"

namespace backfill::test {

using Catch::Contains;
using Catch::StartsWith;

TEST_CASE("tables_whose_updates_go_elsewhere_are_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto rules = co_await findings_in(
        table_t_sql + "CREATE RULE quiet AS ON UPDATE TO t DO INSTEAD NOTHING;", "email");
    REQUIRE(rules.size() == 1);
    CHECK_THAT(rules[0], StartsWith("rules: refused: public.t has rules on UPDATE (quiet)"));
    const auto children =
        co_await findings_in(table_t_sql + "CREATE TABLE child () INHERITS (t);", "email");
    REQUIRE(children.size() == 1);
    CHECK_THAT(children[0], Contains("tables that inherit from it (child)"));
    const auto foreign = co_await findings_in(
        "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;"
        "CREATE TABLE t (id int PRIMARY KEY, out text) PARTITION BY RANGE (id);"
        "CREATE TABLE near PARTITION OF t FOR VALUES FROM (0) TO (10);"
        "ALTER TABLE t DROP CONSTRAINT t_pkey;"
        "CREATE FOREIGN TABLE away PARTITION OF t FOR VALUES FROM (10) TO (20) SERVER far;",
        "'x'");
    REQUIRE_FALSE(foreign.empty());
    CHECK_THAT(foreign[0], Contains("foreign tables as partitions (away)"));
  }());
}

TEST_CASE("a_published_table_without_identity_is_refused_once") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto full = co_await findings_in(
        table_t_sql + "ALTER TABLE t REPLICA IDENTITY NOTHING; CREATE PUBLICATION p FOR TABLE t;",
        "email");
    REQUIRE(full.size() == 1);
    CHECK_THAT(full[0], StartsWith("publications: refused: t publishes its updates (p)"));
    const auto inserts =
        co_await findings_in(table_t_sql +
                                 "ALTER TABLE t REPLICA IDENTITY NOTHING;"
                                 "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert');",
                             "email");
    CHECK(inserts == std::vector<std::string>{});
    const auto by_root = co_await findings_in(
        "CREATE TABLE t (id int NOT NULL, out text) PARTITION BY RANGE (id);"
        "CREATE TABLE leaf PARTITION OF t FOR VALUES FROM (0) TO (10);"
        "CREATE PUBLICATION p FOR TABLE t WITH (publish_via_partition_root = true);",
        "'x'");
    REQUIRE(by_root.size() == 1);
    CHECK_THAT(by_root[0], Contains("leaf publishes its updates (p)"));
  }());
}

TEST_CASE("triggers_that_will_fire_are_named_and_others_are_not") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string function =
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';";
    const auto connection = co_await database_with(
        table_t_sql + function +
        "CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER audit AFTER UPDATE OF out ON t EXECUTE FUNCTION f();"
        "CREATE TRIGGER other BEFORE UPDATE OF email ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER born BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER off BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "ALTER TABLE t DISABLE TRIGGER off;");
    Job job = job_setting("t", "out", "email");
    const auto firing = co_await findings_of(connection.get(), job);
    REQUIRE(firing.size() == 1);
    CHECK_THAT(firing[0], StartsWith("triggers: warning: triggers of public.t fire for the rows "
                                     "that the job changes: audit (after, once a batch, calls f); "
                                     "touch (before, for each row, calls f). If"));
    job.safety.user_triggers = UserTriggers::bypass;
    co_await run_sql(connection.get(), "ALTER TABLE t ENABLE ALWAYS TRIGGER audit");
    const auto bypassed = co_await findings_of(connection.get(), job);
    REQUIRE(bypassed.size() == 2);
    CHECK_THAT(bypassed[0], StartsWith("triggers: note: triggers of public.t are bypassed: touch"));
    CHECK_THAT(bypassed[1], Contains("audit"));
    CHECK_THAT(bypassed[1], Contains("bypass does not reach them"));
  }());
}

TEST_CASE("a_trigger_of_a_partitioned_table_is_named_once") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto lines = co_await findings_in(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TABLE t (id int PRIMARY KEY, out text) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
        "CREATE TRIGGER whole BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"
        "CREATE TRIGGER part BEFORE UPDATE ON t1 FOR EACH ROW EXECUTE FUNCTION f();",
        "'x'");
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], Contains(": part (before, for each row, calls f); whole (before"));
  }());
}

TEST_CASE("indexes_and_deferred_constraints_of_set_columns_are_noted") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto lines = co_await findings_in(
        table_t_sql +
            "CREATE UNIQUE INDEX one ON t (lower(out)); CREATE INDEX many ON t (n, out);"
            "CREATE INDEX unrelated ON t (email);"
            "ALTER TABLE t ADD CONSTRAINT later UNIQUE (out) DEFERRABLE INITIALLY DEFERRED;"
            "ALTER TABLE t ADD CONSTRAINT elsewhere UNIQUE (n) DEFERRABLE INITIALLY DEFERRED;",
        "email");
    REQUIRE(lines.size() == 3);
    CHECK_THAT(lines[0], StartsWith("deferred_constraints: note: constraints of public.t are "
                                    "checked at the COMMIT of each batch (later)"));
    CHECK_THAT(lines[1], Contains("unique indexes (later, one)"));
    CHECK_THAT(lines[2], Contains("indexed (many)"));
  }());
}

TEST_CASE("an_open_transaction_is_warned_of_with_its_process") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_t_sql);
    const auto other = co_await connect_as(connection.get(), "postgres");
    co_await run_sql(other.get(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t");
    const Target target = co_await target_of(connection.get(), "t");
    const Job job = job_setting("t", "out", "email");
    PreflightSettings settings;
    settings.old_transaction = Duration{0};
    const auto findings = co_await preflight(connection.get(), job, target, settings);
    REQUIRE(value_of(findings).size() == 1);
    const std::string line = format(value_of(findings)[0]);
    CHECK_THAT(line, StartsWith("warning: a transaction of postgres (process "));
    CHECK_THAT(line, Contains("pg_terminate_backend(" + std::to_string(other->backend_pid())));
    CHECK_FALSE(refuses(value_of(findings)));
  }());
}

TEST_CASE("a_read_only_default_is_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection =
        co_await database_with(table_t_sql + "SET default_transaction_read_only = on;");
    Job job = job_setting("t", "out", "email");
    const auto lines = co_await findings_of(connection.get(), std::move(job));
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], StartsWith("server: refused: default_transaction_read_only is on for "
                                    "postgres in database test_"));
  }());
}

}  // namespace backfill::test
