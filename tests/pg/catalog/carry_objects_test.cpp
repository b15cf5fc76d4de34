#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "pg/catalog/carry_fixture.hpp"
#include "pg/catalog/table_fixture.hpp"

/// What belongs to the column, and what reads it, moves with it. As in carry_indexes_test.cpp.
namespace backfill::test {
namespace {

asio::awaitable<void> check_int_to_bigint(std::string sql) {
  std::vector<Change> changes(1);
  std::string before = fmt::format(fmt::runtime(sql), "integer");
  std::string after = fmt::format(fmt::runtime(sql), "bigint");
  const auto differences =
      co_await round_trip(std::move(before), std::move(after), std::move(changes));
  CHECK(differences == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("default_not_null_comment_grants_and_settings_move_with_the_column") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    changes[0].type = "text";
    changes[0].type_before = "character varying(30)";
    const std::string sql =
        "DO $$ BEGIN CREATE ROLE carry_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "CREATE TABLE t (id int, c {} NOT NULL DEFAULT upper('x')); COMMENT ON COLUMN t.c IS 'the "
        "\"c\"'; GRANT SELECT (c), UPDATE (c) ON t TO carry_reader; GRANT SELECT (c) ON t TO "
        "PUBLIC;"
        "ALTER TABLE t ALTER c SET STATISTICS 700, ALTER c SET STORAGE EXTERNAL, ALTER c SET "
        "COMPRESSION pglz, ALTER c SET (n_distinct = -0.5, n_distinct_inherited = 10)";
    std::string before = fmt::format(fmt::runtime(sql), changes[0].type_before);
    std::string after = fmt::format(fmt::runtime(sql), changes[0].type);
    const auto differences =
        co_await round_trip(std::move(before), std::move(after), std::move(changes));
    CHECK(differences == std::vector<std::string>{});
  }());
}

TEST_CASE("a_serial_column_takes_its_sequence_along") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    const auto differences =
        co_await round_trip("CREATE TABLE t (c serial PRIMARY KEY, b int)",
                            "CREATE TABLE t (c bigserial PRIMARY KEY, b int)", std::move(changes));
    CHECK(differences == std::vector<std::string>{});
  }());
}

TEST_CASE("a_sequence_of_another_type_than_the_column_stays_as_it_was_made") {
  run_coroutine(check_int_to_bigint(
      "CREATE SEQUENCE s AS smallint; CREATE TABLE t (c {} DEFAULT nextval('s')); ALTER SEQUENCE s "
      "OWNED BY t.c"));
}

TEST_CASE("an_identity_column_goes_on_where_its_sequence_stands") {
  run_coroutine([]() -> asio::awaitable<void> {
    const std::string sql =
        "CREATE TABLE t (c {} GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME numbers START 10 "
        "INCREMENT "
        "5 CACHE 3 MAXVALUE 5000 CYCLE), b int); COMMENT ON SEQUENCE numbers IS 'of t'; INSERT "
        "INTO "
        "t (b) SELECT g FROM generate_series(1, 10) g";
    co_await check_int_to_bigint(sql);
    std::vector<Change> changes(1);
    std::string before = fmt::format(fmt::runtime(sql), "integer");
    CarryStage made = co_await stage(std::move(before), std::move(changes));
    co_await add_and_copy(&made);
    const std::string last =
        co_await value_from(made.connection.get(), "SELECT last_value FROM numbers");
    co_await carry_through(&made, CarryDirection::forward);
    const std::string still =
        co_await value_from(made.connection.get(), "SELECT last_value FROM numbers");
    CHECK(still == last);
    co_await run_sql(made.connection.get(), "INSERT INTO t (b) VALUES (0)");
    const std::string type = co_await value_from(
        made.connection.get(), "SELECT seqtypid::regtype FROM pg_sequence WHERE seqmax = 5000");
    CHECK(type == "bigint");
  }());
}

TEST_CASE("views_over_views_come_back_with_owner_grants_comments_options_rules_and_triggers") {
  run_coroutine(check_int_to_bigint(
      "DO $$ BEGIN CREATE ROLE carry_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
      "DO $$ BEGIN CREATE ROLE carry_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
      "CREATE SCHEMA \"My App\"; GRANT USAGE ON SCHEMA \"My App\" TO carry_owner;"
      "CREATE TABLE t (id int PRIMARY KEY, c {}, b text);"
      "CREATE VIEW \"My App\".inner_one WITH (security_barrier = true, check_option = local) AS "
      "SELECT id, c AS \"C\", b FROM t WHERE c > 1;"
      "CREATE VIEW outer_one AS SELECT x.\"C\" + 1 AS plus, t.b FROM \"My App\".inner_one x JOIN t "
      "USING (id);"
      "CREATE VIEW a_last AS SELECT plus FROM outer_one UNION ALL SELECT c FROM t;"
      "CREATE VIEW grouped AS SELECT id, c, b, count(*) FROM t GROUP BY id;"
      "CREATE VIEW apart AS SELECT b FROM t;"
      "ALTER VIEW \"My App\".inner_one OWNER TO carry_owner; GRANT SELECT ON t TO carry_owner;"
      "ALTER VIEW \"My App\".inner_one ALTER COLUMN b SET DEFAULT 'd';"
      "GRANT SELECT ON outer_one TO carry_reader WITH GRANT OPTION; GRANT SELECT (plus) ON a_last "
      "TO "
      "PUBLIC; REVOKE INSERT ON a_last FROM postgres;"
      "COMMENT ON VIEW outer_one IS 'outer'; COMMENT ON COLUMN outer_one.plus IS 'one more';"
      "CREATE RULE quiet AS ON DELETE TO outer_one DO INSTEAD NOTHING;"
      "COMMENT ON RULE quiet ON outer_one IS 'nothing goes';"
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER ins INSTEAD OF INSERT ON outer_one FOR EACH ROW EXECUTE FUNCTION f()"));
}

TEST_CASE("default_privileges_give_a_view_nothing_that_it_did_not_have") {
  run_coroutine(check_int_to_bigint(
      "DO $$ BEGIN CREATE ROLE carry_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
      "CREATE TABLE t (c {}); CREATE VIEW v AS SELECT c FROM t; CREATE VIEW w AS SELECT c FROM t;"
      "GRANT SELECT ON w TO carry_reader;"
      "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC"));
}

TEST_CASE("triggers_rules_policies_and_functions_bind_to_the_new_column") {
  run_coroutine(check_int_to_bigint(
      "CREATE TABLE t (id int, c {}, b text); CREATE TABLE log (c bigint);"
      "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER of_column AFTER UPDATE OF c, b ON t FOR EACH ROW EXECUTE FUNCTION f();"
      "CREATE TRIGGER whenever BEFORE UPDATE ON t FOR EACH ROW WHEN (old.c IS DISTINCT FROM new.c) "
      "EXECUTE FUNCTION f(); COMMENT ON TRIGGER whenever ON t IS 'when';"
      "ALTER TABLE t DISABLE TRIGGER of_column; ALTER TABLE t ENABLE ALWAYS TRIGGER whenever;"
      "CREATE CONSTRAINT TRIGGER later AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH "
      "ROW "
      "WHEN (new.c > 5) EXECUTE FUNCTION f();"
      "CREATE RULE noted AS ON UPDATE TO t WHERE new.c > 100 DO ALSO INSERT INTO log VALUES "
      "(new.c);"
      "ALTER TABLE t DISABLE RULE noted; COMMENT ON RULE noted ON t IS 'noted';"
      "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON t FOR UPDATE USING (c > 0) "
      "WITH "
      "CHECK (c < 1000); CREATE POLICY others ON log USING (c IN (SELECT t.c FROM t));"
      "COMMENT ON POLICY own ON t IS 'own';"
      "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT c FROM t LIMIT 1; END"));
}

TEST_CASE("extended_statistics_and_publications_bind_to_the_new_column") {
  run_coroutine(check_int_to_bigint(
      "CREATE TABLE t (id int PRIMARY KEY, b int, c {}); INSERT INTO t SELECT g, g, g FROM "
      "generate_series(1, 100) g; CREATE STATISTICS both_ones (ndistinct, mcv) ON c, b FROM t; "
      "CREATE STATISTICS sum_of ON (c + b) FROM t; CREATE STATISTICS apart ON id, b FROM t;"
      "ALTER STATISTICS both_ones SET STATISTICS 300; COMMENT ON STATISTICS both_ones IS 'both';"
      "CREATE PUBLICATION listed FOR TABLE t (id, c); CREATE PUBLICATION filtered FOR TABLE t "
      "WHERE "
      "(id > 5 AND c > 5) WITH (publish = 'insert'); CREATE PUBLICATION everything FOR ALL "
      "TABLES"));
}

TEST_CASE("new_statistics_are_there_before_the_switch") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    CarryStage made = co_await stage(
        "CREATE TABLE t (c int, b int); INSERT INTO t SELECT g, g FROM generate_series(1, 1000) g; "
        "CREATE INDEX e ON t ((c + 1)); CREATE STATISTICS s ON c, b FROM t",
        std::move(changes));
    co_await add_and_copy(&made);
    co_await carry_through(&made, CarryDirection::forward);
    const std::string plain =
        co_await value_from(made.connection.get(),
                            "SELECT count(*) FROM pg_stats WHERE (tablename, attname) IN (('t', "
                            "'c'), ('e', 'expr'))");
    CHECK(plain == "2");
    const std::string extended =
        co_await value_from(made.connection.get(),
                            "SELECT count(*) FROM pg_stats_ext WHERE statistics_name = 's' AND "
                            "n_distinct IS NOT NULL");
    CHECK(extended == "1");
  }());
}

TEST_CASE("a_default_goes_through_using_where_that_is_more_than_a_cast") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    changes[0].with = "c * 100";
    changes[0].back = "(c / 100)::integer";
    CarryStage made = co_await stage("CREATE TABLE t (id int, c int DEFAULT 5)", changes);
    co_await add_and_copy(&made);
    co_await carry_through(&made, CarryDirection::forward);
    co_await run_sql(made.connection.get(), "INSERT INTO t VALUES (1)");
    const std::string value = co_await value_from(made.connection.get(), "SELECT c FROM t");
    CHECK(value == "500");
  }());
}

TEST_CASE("defaults_are_carried_to_types_that_take_no_assignment") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(2);
    changes[0].type = "jsonb";
    changes[0].type_before = "text";
    changes[1].name = "u";
    changes[1].type = "uuid";
    changes[1].type_before = "text";
    const auto differences = co_await round_trip(
        "CREATE TABLE t (c text DEFAULT '{}', u text DEFAULT (gen_random_uuid())::text)",
        "CREATE TABLE t (c jsonb DEFAULT '{}', u uuid DEFAULT ((gen_random_uuid())::text)::uuid)",
        std::move(changes));
    CHECK(differences == std::vector<std::string>{});
  }());
}

}  // namespace backfill::test
