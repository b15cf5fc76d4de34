#include "catalog/plan_guard.hpp"

#include <catch2/catch.hpp>

#include "core/sql_text.hpp"
#include "pg/catalog/table_fixture.hpp"

namespace backfill::test {
namespace {

using Kind = GuardVerdict::Kind;

std::string batch_statement(const Target& target, const std::string& where, bool bounded = true) {
  const BoundShape shape{.after = true, .through = bounded};
  return "UPDATE " + quote_name(target.table) + " SET \"out\" = (\nlower(\"a\")\n) WHERE " +
         key_predicate(target, shape) + (where.empty() ? "" : " AND (\n" + where + "\n)");
}

asio::awaitable<GuardVerdict> guard(pg::Connection* connection, std::string table,
                                    std::string where, KeyRange sample) {
  const Target target = co_await target_of(connection, std::move(table));
  const std::string statement = batch_statement(target, where, sample.through.has_value());
  const auto verdict = co_await guard_plan(connection, target, statement, std::move(sample));
  co_return value_of(verdict);
}

KeyRange between(const std::string& after, const std::string& through) {
  return {KeyValue{after}, KeyValue{through}};
}

constexpr const char* filled_sql =
    "CREATE TABLE t (id bigint PRIMARY KEY, a text, out text) WITH (autovacuum_enabled = off);"
    "INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 20000) AS g;";

}  // namespace

TEST_CASE("a_batch_on_an_analysed_table_is_good_and_leaves_nothing_behind") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(std::string{filled_sql} + "ANALYZE t;");
    const GuardVerdict verdict = co_await guard(connection.get(), "t", "", between("100", "200"));
    CHECK(verdict.kind == Kind::good);
    CHECK_THAT(verdict.plan, Catch::Contains("using t_pkey on public.t"));
    CHECK_THAT(verdict.plan, Catch::Contains("$1"));
    const std::string prepared =
        co_await value_from(connection.get(), "SELECT count(*) FROM pg_prepared_statements");
    CHECK(prepared == "0");
    const std::string mode =
        co_await value_from(connection.get(),
                            "SELECT current_setting('plan_cache_mode') || "
                            "(SELECT count(*) FROM t WHERE out IS NOT NULL)::text");
    CHECK(mode == "auto0");
  }());
}

TEST_CASE("a_plan_that_reads_the_table_asks_for_analyze_once_and_is_then_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        std::string{filled_sql} + "SET enable_indexscan = off; SET enable_bitmapscan = off;");
    const GuardVerdict fresh = co_await guard(connection.get(), "t", "", between("100", "200"));
    CHECK(fresh.kind == Kind::needs_analyze);
    CHECK_THAT(fresh.hint, Catch::Contains("ANALYZE public.t"));
    co_await run_sql(connection.get(), "ANALYZE t");
    const GuardVerdict analysed = co_await guard(connection.get(), "t", "", between("100", "200"));
    CHECK(analysed.kind == Kind::refused);
    CHECK_THAT(analysed.reason, Catch::Contains("read all of public.t (Seq Scan"));
    CHECK_THAT(analysed.plan, Catch::Contains("Seq Scan on public.t"));
  }());
}

TEST_CASE("a_partial_index_that_leads_away_from_the_key_is_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    // The statistics say that nothing is left to do, so that the partial index looks empty.
    const auto connection = co_await database_with(
        std::string{filled_sql} +
        "UPDATE t SET out = 'x'; CREATE INDEX pending ON t (a) WHERE out IS NULL; ANALYZE t;");
    co_await run_sql(connection.get(), "VACUUM t");
    co_await run_sql(connection.get(), "SET enable_seqscan = off; UPDATE t SET out = NULL");
    const GuardVerdict verdict =
        co_await guard(connection.get(), "t", "out IS NULL", between("100", "200"));
    CHECK(verdict.kind == Kind::refused);
    CHECK_THAT(verdict.reason, Catch::Contains("whole index pending of public.t"));
  }());
}

TEST_CASE("a_composite_key_is_bounded_by_its_row_comparison") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE c (\"K 1\" text, n int, a text, out text, PRIMARY KEY (\"K 1\", n));"
        "INSERT INTO c SELECT 'k' || g / 100, g, repeat('x', 100) "
        "FROM generate_series(1, 20000) AS g; ANALYZE c;");
    const KeyRange sample{KeyValue{"k1", "150"}, KeyValue{"k2", "it's"}};
    const KeyRange good{KeyValue{"k1", "150"}, KeyValue{"k2", "250"}};
    const GuardVerdict verdict = co_await guard(connection.get(), "c", "", good);
    CHECK(verdict.kind == Kind::good);
    CHECK_THAT(verdict.plan, Catch::Contains("c_pkey"));
    const Target target = co_await target_of(connection.get(), "c");
    const std::string statement = batch_statement(target, "");
    const auto failed = co_await guard_plan(connection.get(), target, statement, sample);
    CHECK(error_of(failed).sqlstate == "22P02");
    const std::string prepared =
        co_await value_from(connection.get(), "SELECT count(*) FROM pg_prepared_statements");
    CHECK(prepared == "0");
  }());
}

TEST_CASE("every_partition_is_judged_by_its_own_index") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE parts (id int PRIMARY KEY, a text, out text) PARTITION BY RANGE (id);"
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000);"
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10000) TO (30000);"
        "INSERT INTO parts SELECT g, repeat('x', 100) FROM generate_series(0, 29999) AS g;"
        "ANALYZE parts;");
    const GuardVerdict good =
        co_await guard(connection.get(), "parts", "", between("9000", "11000"));
    CHECK(good.kind == Kind::good);
    CHECK_THAT(good.plan, Catch::Contains("parts_1_pkey on public.parts_1"));
    // Also the one that no sampled row lies in.
    const GuardVerdict low = co_await guard(connection.get(), "parts", "", between("1", "2"));
    CHECK_THAT(low.plan, Catch::Contains("parts_2_pkey on public.parts_2"));
    const KeyRange open{KeyValue{"9000"}, std::nullopt};
    co_await run_sql(connection.get(), "SET enable_indexscan = off; SET enable_bitmapscan = off");
    const GuardVerdict bad = co_await guard(connection.get(), "parts", "", open);
    CHECK(bad.kind == Kind::refused);
    CHECK_THAT(bad.reason, Catch::Contains("public.parts_"));
  }());
}

TEST_CASE("a_table_that_grew_since_it_was_analysed_is_still_walked_by_its_key") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (id bigint PRIMARY KEY, a text, out text) WITH (autovacuum_enabled = off);"
        "INSERT INTO t SELECT g FROM generate_series(1, 10) AS g; ANALYZE t;"
        "INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(11, 50000) AS g;");
    const GuardVerdict verdict =
        co_await guard(connection.get(), "t", "out IS NULL", between("100", "200"));
    CHECK(verdict.kind == Kind::good);
  }());
}

TEST_CASE("a_small_table_may_be_read_whole") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (id bigint PRIMARY KEY, a text, out text);"
        "INSERT INTO t VALUES (1, 'a'); SET enable_indexscan = off; SET enable_bitmapscan = off;");
    const GuardVerdict verdict = co_await guard(connection.get(), "t", "", between("0", "1"));
    CHECK(verdict.kind == Kind::good);
    CHECK_THAT(verdict.plan, Catch::Contains("Seq Scan"));
  }());
}

}  // namespace backfill::test
