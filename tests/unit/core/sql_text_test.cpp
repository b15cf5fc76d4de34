#include "core/sql_text.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace backfill;

namespace {

Target users() {
  Target target;
  target.table = {.schema = "public", .name = "users"};
  target.key.columns = {{.name = "id", .type = "bigint"}};
  return target;
}

Target events() {
  Target target;
  target.table = {.schema = "App", .name = "event\"s"};
  target.key.columns = {{.name = "rn", .type = "integer"},
                        {.name = "k1", .type = "character varying(40)"}};
  return target;
}

constexpr BoundShape unbounded{};
constexpr BoundShape after_only{.after = true, .through = false};
constexpr BoundShape through_only{.after = false, .through = true};
constexpr BoundShape closed{.after = true, .through = true};

}  // namespace

TEST_CASE("a_stripe_is_told_by_the_hash_of_the_key") {
  Target target = users();
  target.key.columns[0].hash = "pg_catalog.hashint8extended";
  CHECK(stripe_predicate(target, 3) ==
        R"((pg_catalog.hashint8extended("users"."id", 0) & $3::bigint) = $4::bigint)");
}

TEST_CASE("the_hash_of_one_key_column_is_the_seed_of_the_next") {
  Target target = events();
  target.key.columns[0].hash = "pg_catalog.hashint4extended";
  target.key.columns[1].hash = "pg_catalog.hashtextextended";
  CHECK(stripe_predicate(target, 5) ==
        R"((pg_catalog.hashtextextended("event""s"."k1", )"
        R"(pg_catalog.hashint4extended("event""s"."rn", 0)) & $5::bigint) = $6::bigint)");
}

TEST_CASE("a_key_is_hashable_when_each_of_its_columns_is") {
  Target target = events();
  CHECK_FALSE(hashable(target.key));
  target.key.columns[0].hash = "pg_catalog.hashint4extended";
  CHECK_FALSE(hashable(target.key));
  target.key.columns[1].hash = "pg_catalog.hashtextextended";
  CHECK(hashable(target.key));
}

TEST_CASE("an_identifier_is_always_quoted_and_its_quotes_are_doubled") {
  CHECK(quote_identifier("users") == R"("users")");
  CHECK(quote_identifier("Select") == R"("Select")");
  CHECK(quote_identifier("a\"b") == R"("a""b")");
  CHECK(quote_identifier("\"") == R"("""")");
  CHECK(quote_identifier("größe; DROP") == R"("größe; DROP")");
}

TEST_CASE("a_name_is_quoted_part_by_part") {
  CHECK(quote_name({.schema = "public", .name = "users"}) == R"("public"."users")");
  CHECK(quote_name({.schema = std::nullopt, .name = "a.b"}) == R"("a.b")");
  CHECK(quote_name({.schema = "x\"y", .name = "z"}) == R"("x""y"."z")");
}

TEST_CASE("a_literal_means_the_same_under_either_standard_conforming_strings") {
  CHECK(quote_literal("") == "''");
  CHECK(quote_literal("it's") == "'it''s'");
  CHECK(quote_literal(R"(a\b)") == R"(E'a\\b')");
  CHECK(quote_literal(R"(\')") == R"(E'\\''')");
}

TEST_CASE("the_shape_of_a_range_names_the_ends_it_has") {
  CHECK(shape_of({}) == unbounded);
  CHECK(shape_of({.after = KeyValue{"1"}, .through = std::nullopt}) == after_only);
  CHECK(shape_of({.after = std::nullopt, .through = KeyValue{"1"}}) == through_only);
  CHECK(shape_of({.after = KeyValue{"1"}, .through = KeyValue{"2"}}) == closed);
}

TEST_CASE("a_key_of_one_column_is_compared_without_a_row_constructor") {
  CHECK(key_predicate(users(), unbounded) == "TRUE");
  CHECK(key_predicate(users(), after_only) == R"("users"."id" > $1::bigint)");
  CHECK(key_predicate(users(), through_only) == R"("users"."id" <= $1::bigint)");
  CHECK(key_predicate(users(), {.through = true, .exactly = true}) ==
        R"("users"."id" = $1::bigint)");
  CHECK(key_predicate(users(), closed, 3) ==
        R"("users"."id" > $3::bigint AND "users"."id" <= $4::bigint)");
}

TEST_CASE("a_composite_key_is_compared_as_a_row_with_parameters_in_order") {
  const std::string columns = R"(("event""s"."rn", "event""s"."k1"))";
  CHECK(key_predicate(events(), after_only) ==
        columns + " > ($1::integer, $2::character varying(40))");
  CHECK(key_predicate(events(), closed) ==
        columns + " > ($1::integer, $2::character varying(40)) AND " + columns +
            " <= ($3::integer, $4::character varying(40))");
}

TEST_CASE("the_values_of_the_bounds_come_in_the_order_of_the_parameters") {
  CHECK(bound_values({}).empty());
  CHECK(bound_values({.after = KeyValue{"1", "a"}, .through = KeyValue{"2", "b"}}) ==
        std::vector<std::string>{"1", "a", "2", "b"});
  CHECK(bound_values({.after = std::nullopt, .through = KeyValue{"2", "b"}}) ==
        std::vector<std::string>{"2", "b"});
}

TEST_CASE("the_probe_of_a_whole_range_of_a_bigint_key_is_this") {
  CHECK(probe_statement(users(), closed) == R"sql(WITH RECURSIVE ticks (k1, n) AS (
  (SELECT step.*, least($3::bigint, $4::bigint) FROM (SELECT "users"."id" AS k1 FROM "public"."users" WHERE "users"."id" > $1::bigint AND "users"."id" <= $2::bigint ORDER BY "users"."id" OFFSET least($3::bigint, $4::bigint) - 1 LIMIT 1) AS step)
  UNION ALL
  SELECT step.*, tick.n + least($3::bigint, $4::bigint - tick.n) FROM ticks AS tick
  CROSS JOIN LATERAL (SELECT "users"."id" AS k1 FROM "public"."users" WHERE "users"."id" > tick.k1 AND "users"."id" <= $2::bigint ORDER BY "users"."id" OFFSET least($3::bigint, $4::bigint - tick.n) - 1 LIMIT 1) AS step WHERE tick.n < $4::bigint
)
SELECT ticks.k1::text, ticks.n FROM ticks
UNION ALL
SELECT final.k1::text, tick.n + rest.keys FROM ticks AS tick
CROSS JOIN LATERAL (SELECT count(*) AS keys FROM (SELECT FROM "public"."users" WHERE "users"."id" > tick.k1 AND "users"."id" <= $2::bigint ORDER BY "users"."id" LIMIT $3::bigint) AS step) AS rest
CROSS JOIN LATERAL (SELECT "users"."id" AS k1 FROM "public"."users" WHERE "users"."id" > tick.k1 AND "users"."id" <= $2::bigint ORDER BY "users"."id" DESC LIMIT 1) AS final
WHERE tick.n = (SELECT max(ticks.n) FROM ticks) AND tick.n < $4::bigint
UNION ALL
SELECT final.k1::text, rest.keys FROM (SELECT count(*) AS keys FROM (SELECT FROM "public"."users" WHERE "users"."id" > $1::bigint AND "users"."id" <= $2::bigint ORDER BY "users"."id" LIMIT $3::bigint) AS step) AS rest CROSS JOIN (SELECT "users"."id" AS k1 FROM "public"."users" WHERE "users"."id" > $1::bigint AND "users"."id" <= $2::bigint ORDER BY "users"."id" DESC LIMIT 1) AS final
WHERE NOT EXISTS (SELECT FROM ticks)
ORDER BY 2)sql");
}

TEST_CASE("the_probe_of_an_open_range_is_this") {
  CHECK(probe_statement(users(), unbounded) == R"sql(WITH RECURSIVE ticks (k1, n) AS (
  (SELECT step.*, least($1::bigint, $2::bigint) FROM (SELECT "users"."id" AS k1 FROM "public"."users" WHERE TRUE ORDER BY "users"."id" OFFSET least($1::bigint, $2::bigint) - 1 LIMIT 1) AS step)
  UNION ALL
  SELECT step.*, tick.n + least($1::bigint, $2::bigint - tick.n) FROM ticks AS tick
  CROSS JOIN LATERAL (SELECT "users"."id" AS k1 FROM "public"."users" WHERE "users"."id" > tick.k1 ORDER BY "users"."id" OFFSET least($1::bigint, $2::bigint - tick.n) - 1 LIMIT 1) AS step WHERE tick.n < $2::bigint
)
SELECT ticks.k1::text, ticks.n FROM ticks
UNION ALL
SELECT final.k1::text, tick.n + rest.keys FROM ticks AS tick
CROSS JOIN LATERAL (SELECT count(*) AS keys FROM (SELECT FROM "public"."users" WHERE "users"."id" > tick.k1 ORDER BY "users"."id" LIMIT $1::bigint) AS step) AS rest
CROSS JOIN LATERAL (SELECT "users"."id" AS k1 FROM "public"."users" WHERE "users"."id" > tick.k1 ORDER BY "users"."id" DESC LIMIT 1) AS final
WHERE tick.n = (SELECT max(ticks.n) FROM ticks) AND tick.n < $2::bigint
UNION ALL
SELECT final.k1::text, rest.keys FROM (SELECT count(*) AS keys FROM (SELECT FROM "public"."users" WHERE TRUE ORDER BY "users"."id" LIMIT $1::bigint) AS step) AS rest CROSS JOIN (SELECT "users"."id" AS k1 FROM "public"."users" WHERE TRUE ORDER BY "users"."id" DESC LIMIT 1) AS final
WHERE NOT EXISTS (SELECT FROM ticks)
ORDER BY 2)sql");
}

TEST_CASE("column_names_like_those_of_the_probe_itself_are_always_qualified") {
  const auto sql = probe_statement(events(), after_only);
  const std::string columns = R"(("event""s"."rn", "event""s"."k1"))";
  const std::string scan = R"(SELECT "event""s"."rn" AS k1, "event""s"."k1" AS k2 FROM )"
                           R"("App"."event""s" WHERE )" +
                           columns;
  CHECK_THAT(sql, Catch::Contains(scan + " > (tick.k1, tick.k2) ORDER BY "));
  CHECK_THAT(sql, Catch::Contains(scan + " > ($1::integer, $2::character varying(40)) ORDER BY "));
  CHECK_THAT(sql, Catch::Contains(R"( DESC, "event""s"."k1" DESC LIMIT 1)"));
  CHECK_THAT(sql, Catch::Contains("$3::bigint") && Catch::Contains("$4::bigint"));
}

TEST_CASE("a_table_named_like_the_row_of_the_probe_does_not_hide_it") {
  auto target = users();
  target.table.name = "tick";
  CHECK_THAT(probe_statement(target, unbounded), Catch::Contains(R"("tick"."id" > tick_.k1)"));
}
