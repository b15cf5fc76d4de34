#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "pg/catalog/carry_fixture.hpp"
#include "pg/catalog/table_fixture.hpp"

/// What cannot be carried is refused by its name before anything is touched.
namespace backfill::test {
namespace {

asio::awaitable<std::vector<std::string>> refusals_of(std::string before, std::string type) {
  std::vector<Change> changes(1);
  changes[0].type = std::move(type);
  CarryStage made = co_await stage(std::move(before), std::move(changes));
  const auto messages = co_await refusals(&made);
  co_return messages;
}

void check_refused(const std::string& before, const std::string& type, const std::string& message) {
  const std::vector<std::string> messages = run_coroutine(refusals_of(before, type));
  INFO(before);
  for (const std::string& said : messages) UNSCOPED_INFO(said);
  CHECK(std::ranges::any_of(
      messages, [&](const std::string& said) { return said.find(message) != std::string::npos; }));
}

}  // namespace

TEST_CASE("nothing_is_refused_where_all_can_be_carried") {
  const auto messages = run_coroutine(
      refusals_of("CREATE TABLE t (id int PRIMARY KEY, c int UNIQUE CHECK (c > 0))", "bigint"));
  CHECK(messages == std::vector<std::string>{});
}

TEST_CASE("tables_that_do_not_stand_alone_are_refused") {
  check_refused("CREATE TABLE t (c int) PARTITION BY RANGE (c)", "bigint",
                "table public.t: it is partitioned");
  check_refused(
      "CREATE TABLE p (c int) PARTITION BY RANGE (c); CREATE TABLE t PARTITION OF p "
      "DEFAULT",
      "bigint", "table public.t: it is a partition");
  check_refused("CREATE TABLE p (c int); CREATE TABLE t () INHERITS (p)", "bigint",
                "table public.t: it takes part in inheritance");
  check_refused("CREATE TABLE t (c int); CREATE TABLE k () INHERITS (t)", "bigint",
                "table public.t: it takes part in inheritance");
  check_refused("CREATE TYPE y AS (c int); CREATE TABLE t OF y", "bigint",
                "table public.t: it is a table of a composite type");
}

TEST_CASE("generated_columns_are_refused") {
  check_refused("CREATE TABLE t (c int, g int GENERATED ALWAYS AS (c + 1) STORED)", "bigint",
                "column g of table public.t: it is generated from the column");
  check_refused("CREATE TABLE t (b int, c int GENERATED ALWAYS AS (b + 1) STORED)", "bigint",
                "column public.t.c: it is generated");
}

TEST_CASE("exclusion_constraints_are_refused") {
  check_refused("CREATE TABLE t (c int, EXCLUDE USING btree (c WITH =))", "bigint",
                "exclusion constraint t_c_excl on public.t: the server can build");
}

TEST_CASE("invalid_indexes_are_refused") {
  check_refused(
      "CREATE TABLE t (c int); CREATE INDEX broken ON t (c); UPDATE pg_index SET "
      "indisvalid = false WHERE indexrelid = 'broken'::regclass",
      "bigint", "index public.broken: it is not valid");
}

TEST_CASE("materialized_views_and_what_depends_on_views_are_refused") {
  check_refused(
      "CREATE TABLE t (c int); CREATE VIEW v AS SELECT c FROM t; CREATE MATERIALIZED VIEW "
      "m AS SELECT c FROM v",
      "bigint", "materialized view public.m: ");
  check_refused(
      "CREATE TABLE t (c int); CREATE VIEW v AS SELECT c FROM t; CREATE FUNCTION f() "
      "RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'",
      "bigint", "function public.f(): it depends on view public.v");
  check_refused("CREATE TABLE t (c int); CREATE VIEW v AS SELECT c FROM t; CREATE TABLE u (x v)",
                "bigint", "column x of table public.u: it depends on view public.v");
}

TEST_CASE("foreign_keys_of_partitioned_tables_are_refused") {
  check_refused(
      "CREATE TABLE t (c int PRIMARY KEY); CREATE TABLE k (c int REFERENCES t) PARTITION "
      "BY RANGE (c)",
      "bigint", "foreign key k_c_fkey on public.k: one of its tables is partitioned");
}

TEST_CASE("identity_and_sequences_are_refused_where_the_new_type_has_no_room") {
  check_refused("CREATE TABLE t (c int GENERATED ALWAYS AS IDENTITY)", "text",
                "column public.t.c: it is an identity column, and text is no integer type");
  check_refused("CREATE TABLE t (c serial); SELECT setval('t_c_seq', 40000)", "smallint",
                "column public.t.c: its sequence public.t_c_seq has passed the largest smallint");
}

TEST_CASE("a_type_that_the_server_does_not_know_is_refused") {
  check_refused("CREATE TABLE t (c int)", "no_such_type", "the server knows no type no_such_type");
}

TEST_CASE("what_does_not_work_with_the_new_type_is_refused_by_name") {
  check_refused("CREATE TABLE t (c text); CREATE INDEX low ON t (lower(c))", "jsonb",
                "index public.low: function lower(jsonb) does not exist");
  check_refused("CREATE TABLE t (c text); CREATE INDEX x ON t (c text_pattern_ops)", "uuid",
                "index public.x: type uuid has no operator class text_pattern_ops");
  check_refused("CREATE TABLE t (c text UNIQUE)", "json",
                "unique constraint public.t_c_key: type json has no operator class for btree");
  check_refused("CREATE TABLE t (c text, CONSTRAINT short CHECK (length(c) < 5))", "uuid",
                "check constraint short on public.t: function length(uuid) does not exist");
  check_refused("CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE t (c text REFERENCES p)",
                "uuid", "foreign key t_c_fkey on public.t: operator does not exist: uuid = text");
  check_refused("CREATE TABLE t (c text DEFAULT 'none')", "uuid",
                "default of public.t.c: invalid input syntax for type uuid");
  check_refused(
      "CREATE TABLE t (c text); CREATE VIEW v AS SELECT upper(c) AS u FROM t; CREATE VIEW w "
      "AS SELECT u FROM v",
      "jsonb", "view public.w: function upper(jsonb) does not exist");
  check_refused(
      "CREATE TABLE t (c text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN RETURN NEW; END'; CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW WHEN "
      "(old.c <> new.c) EXECUTE FUNCTION f()",
      "json", "trigger r on table public.t: operator does not exist");
  check_refused("CREATE TABLE t (c text); CREATE POLICY own ON t USING (c LIKE 'a%')", "uuid",
                "policy own on table public.t: operator does not exist");
}

TEST_CASE("objects_of_roles_that_ours_is_no_member_of_are_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    CarryStage made = co_await stage(
        "DO $$ BEGIN CREATE ROLE carry_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END "
        "$$; CREATE TABLE t (c int); CREATE VIEW v AS SELECT c FROM t; ALTER TABLE t OWNER TO "
        "carry_plain",
        std::move(changes));
    made.connection = co_await connect_as(made.connection.get(), "carry_plain");
    const auto messages = co_await refusals(&made);
    REQUIRE(messages.size() == 1);
    CHECK(messages.front() == "view public.v: our role may not make it again");
  }());
}

TEST_CASE("what_our_role_may_not_build_is_refused_with_what_to_grant") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    CarryStage made = co_await stage(
        "DO $$ BEGIN CREATE ROLE carry_poor LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END "
        "$$; CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (c int PRIMARY KEY REFERENCES p, "
        "d int); CREATE TABLE k (r int REFERENCES t); CREATE STATISTICS st ON c, d FROM t; REVOKE "
        "CREATE ON SCHEMA public FROM PUBLIC; ALTER TABLE t OWNER TO carry_poor",
        std::move(changes));
    made.connection = co_await connect_as(made.connection.get(), "carry_poor");
    const auto messages = co_await refusals(&made);
    CHECK(messages ==
          std::vector<std::string>{
              "constraint k_r_fkey on table public.k: our role is no member of postgres, which "
              "owns k",
              "constraint t_c_fkey on table public.t: our role may neither reference nor lock p",
              "index public.t_pkey: our role may not create one like it in schema public",
              "statistics object public.st: our role may not make one like it in schema public, or "
              "is no member of its owner"});
  }());
}

TEST_CASE("a_domain_that_would_cut_its_values_is_refused_unless_using_says_how") {
  check_refused("CREATE DOMAIN short AS varchar(3); CREATE TABLE t (c text)", "short",
                "column public.t.c: a cast to short cuts what is too long for it");
}

TEST_CASE("a_column_that_is_not_there_is_an_error") {
  run_coroutine([]() -> asio::awaitable<void> {
    std::vector<Change> changes(1);
    CarryStage made = co_await stage("CREATE TABLE t (b int)", std::move(changes));
    std::vector<CarriedColumn> columns = made.columns;
    const InspectionSettings settings;
    const auto found = co_await read_dependants(made.connection.get(), columns, settings);
    CHECK(error_of(found).message == "there is no column c in public.t");
  }());
}

}  // namespace backfill::test
