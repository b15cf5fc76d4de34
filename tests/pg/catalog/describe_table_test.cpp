#include "catalog/describe_table.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "catalog/probe.hpp"
#include "pg/catalog/table_fixture.hpp"

namespace backfill::test {
namespace {

asio::awaitable<Result<Target>> describe_named(pg::Connection* connection, std::string table) {
  Job job;
  job.table.name = std::move(table);
  co_return co_await describe_table(connection, std::move(job));
}

}  // namespace

TEST_CASE("a_table_is_described_with_its_key_columns_and_size") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (id bigint PRIMARY KEY, a varchar(10) NOT NULL, g text GENERATED ALWAYS AS "
        "('x') STORED, n int GENERATED ALWAYS AS IDENTITY, gone int); ALTER TABLE t DROP COLUMN "
        "gone; INSERT INTO t SELECT g, 'a' FROM generate_series(1, 1000) g; ANALYZE t");
    const auto described = co_await describe_named(connection.get(), "t");
    const Target& target = value_of(described);
    CHECK(target.table == QualifiedName{.schema = "public", .name = "t"});
    REQUIRE(target.columns.size() == 4);
    CHECK(target.columns[1].type == "character varying(10)");
    CHECK(target.columns[1].not_null);
    CHECK(target.columns[2].generated);
    CHECK(target.columns[3].identity_always);
    CHECK(target.key.columns ==
          std::vector<KeyColumn>{
              {.name = "id", .type = "bigint", .hash = "pg_catalog.hashint8extended"}});
    CHECK(target.key.index == "public.t_pkey");
    CHECK(target.estimated_rows == 1000);
    CHECK(target.pages > 0);
    CHECK(target.server_version >= 130000);
  }());
}

TEST_CASE("each_hash_function_that_is_named_can_be_called") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN code AS text; CREATE TABLE t (a "
        "smallint, b integer, c bigint, d text, e varchar(9), f uuid, g numeric(9,2), h "
        "timestamp, i timestamptz, j date, k bytea, l mood, m code, n integer[], o boolean, "
        "PRIMARY KEY (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o))");
    const auto described = co_await describe_named(connection.get(), "t");
    std::string called;
    for (const KeyColumn& column : value_of(described).key.columns) {
      if (column.hash.empty()) continue;
      std::string sql = "SELECT " + column.hash + "(" + column.name + ", 0) FROM t";
      std::vector<pg::Param> none;
      const auto rows =
          co_await connection->query(std::move(sql), std::move(none), std::chrono::seconds{5});
      INFO(column.name << ": " << column.hash);
      CHECK(rows.has_value());
      called += column.name;
    }
    CHECK(called == "abcdefghlmn");
  }());
}

TEST_CASE("rows_are_estimated_from_the_size_of_now") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (id bigint PRIMARY KEY) WITH (autovacuum_enabled = off); INSERT INTO t "
        "SELECT g FROM generate_series(1, 10000) g; ANALYZE t; INSERT INTO t SELECT g FROM "
        "generate_series(10001, 100000) g");
    const auto described = co_await describe_named(connection.get(), "t");
    CHECK(static_cast<double>(value_of(described).estimated_rows.value()) ==
          Approx(100000).epsilon(0.05));
  }());
}

TEST_CASE("a_name_is_resolved_by_the_search_path_as_the_server_does") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE SCHEMA \"My App\"; CREATE TABLE \"My App\".\"Tablé\" (\"Id\" int PRIMARY KEY); SET "
        "search_path = \"My App\"; INSERT INTO \"Tablé\" VALUES (1)");
    const auto described = co_await describe_named(connection.get(), "Tablé");
    CHECK(value_of(described).table == QualifiedName{.schema = "My App", .name = "Tablé"});
    CHECK(value_of(described).key.index == "\"My App\".\"Tablé_pkey\"");
    CHECK_FALSE(value_of(described).estimated_rows.has_value());
    const auto missing = co_await describe_named(connection.get(), "Tabl");
    CHECK_THAT(error_of(missing).message, Catch::Contains("does not exist"));
    CHECK_THAT(error_of(missing).hint, Catch::Contains("Tablé"));
  }());
}

TEST_CASE("what_is_no_table_is_refused_by_its_kind") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE "
        "SEQUENCE s; CREATE TABLE t (id int PRIMARY KEY); CREATE TEMP TABLE passing (id int "
        "PRIMARY "
        "KEY)");
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"v", "is a view"},         {"m", "is a materialized view"},
        {"s", "is a sequence"},     {"t_pkey", "is an index"},
        {"pg_class", "the system"}, {"passing", "is a temporary table"}};
    for (const auto& [name, reason] : expected) {
      CAPTURE(name);
      const auto refused = co_await describe_named(connection.get(), name);
      CHECK_THAT(error_of(refused).message, Catch::Contains(reason));
    }
  }());
}

TEST_CASE("indexes_that_cannot_be_a_key_are_passed_over_and_named") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int, d uuid NOT NULL);"
        "CREATE UNIQUE INDEX partial ON t (a) WHERE c > 0; CREATE UNIQUE INDEX nullable ON t (c);"
        "CREATE UNIQUE INDEX mixed ON t (a, d DESC); CREATE UNIQUE INDEX expr ON t (lower(b));"
        "CREATE UNIQUE INDEX pattern ON t (b text_pattern_ops);"
        "CREATE UNIQUE INDEX collated ON t (b COLLATE \"C\");"
        "ALTER TABLE t ADD CONSTRAINT late UNIQUE (a) DEFERRABLE");
    const auto none = co_await describe_named(connection.get(), "t");
    const std::string detail = error_of(none).detail;
    const std::vector<std::string> reasons = {"partial (a) covers only some",
                                              "nullable (c) has a column that may be NULL",
                                              "mixed (a, d) mixes ascending",
                                              "is over an expression",
                                              "pattern (b) orders its columns by",
                                              "collated (b) orders its columns by",
                                              "late (a) is deferrable"};
    for (const std::string& reason : reasons) CHECK_THAT(detail, Catch::Contains(reason));

    co_await run_sql(connection.get(),
                     "CREATE UNIQUE INDEX down ON t (d DESC) INCLUDE (a); CREATE UNIQUE INDEX two "
                     "ON t (a, b)");
    const auto found = co_await describe_named(connection.get(), "t");
    CHECK(value_of(found).key.index == "public.down");
    CHECK(value_of(found).key.descending);
    CHECK(value_of(found).key.columns.size() == 1);
    Job wanted;
    wanted.table.name = "t";
    wanted.key = {"b", "a"};
    const auto named = co_await describe_table(connection.get(), std::move(wanted));
    CHECK(value_of(named).key.index == "public.two");
  }());
}

TEST_CASE("a_partitioned_parent_counts_the_rows_and_pages_of_its_leaves") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "CREATE TABLE p (id int, d int, PRIMARY KEY (id, d)) PARTITION BY RANGE (id); CREATE TABLE "
        "p1 PARTITION OF p FOR VALUES FROM (0) TO (500); CREATE TABLE p2 PARTITION OF p FOR VALUES "
        "FROM (500) TO (2000) PARTITION BY RANGE (id); CREATE TABLE p21 PARTITION OF p2 FOR VALUES "
        "FROM (500) TO (2000); INSERT INTO p SELECT g, g FROM generate_series(1, 1000) g");
    const auto before = co_await describe_named(connection.get(), "p");
    CHECK_FALSE(value_of(before).estimated_rows.has_value());
    CHECK(value_of(before).pages > 0);
    co_await run_sql(connection.get(), "ANALYZE p");
    const auto after = co_await describe_named(connection.get(), "p");
    CHECK(value_of(after).partitioned);
    CHECK(value_of(after).estimated_rows == 1000);
    CHECK(value_of(after).key.columns.size() == 2);
  }());
}

TEST_CASE("a_probe_cuts_the_key_in_exact_text_and_says_when_it_ends") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(
        "SET DateStyle = 'German'; CREATE TABLE t (at timestamptz, x float8, PRIMARY KEY (at, x)); "
        "INSERT INTO t SELECT '2024-01-01'::timestamptz + g * interval '1 day', g / 3.0 FROM "
        "generate_series(1, 25) g");
    const auto described = co_await describe_named(connection.get(), "t");
    const Target target = value_of(described);
    const SafetySettings safety;
    Probe probe;
    probe.every = RowCount{10};
    probe.limit = RowCount{20};
    const auto first = co_await run_probe(connection.get(), target, probe, safety);
    REQUIRE(value_of(first).ticks.size() == 2);
    CHECK_FALSE(value_of(first).exhausted);
    CHECK_THAT(value_of(first).ticks[0].key[0], Catch::StartsWith("2024-01-11"));
    CHECK(value_of(first).ticks[0].key[1] == "3.3333333333333335");
    probe.within.after = value_of(first).ticks[1].key;
    const auto second = co_await run_probe(connection.get(), target, probe, safety);
    REQUIRE(value_of(second).ticks.size() == 1);
    CHECK(value_of(second).ticks[0].keys == RowCount{5});
    CHECK(value_of(second).exhausted);
    probe.within.after = value_of(second).ticks[0].key;
    const auto behind = co_await run_probe(connection.get(), target, probe, safety);
    CHECK(value_of(behind).ticks.empty());
    CHECK(value_of(behind).exhausted);
    const auto style = co_await value_from(connection.get(), "SHOW DateStyle");
    CHECK_THAT(style, Catch::StartsWith("German"));
  }());
}

}  // namespace backfill::test
