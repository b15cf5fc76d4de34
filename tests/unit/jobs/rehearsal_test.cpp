#include "jobs/rehearsal.hpp"

#include <catch2/catch.hpp>

namespace backfill {

namespace {

Target people() {
  Target target;
  target.table = {"public", "people"};
  target.columns = {{"id", "bigint"}, {"tenant", "integer"}, {"email", "text"}, {"slug", "text"}};
  target.key.columns = {{"tenant", "integer"}, {"id", "bigint"}};
  return target;
}

Job slugs() {
  Job job;
  job.table = {"public", "people"};
  job.set = {{"slug", "lower(email) -- it"}};
  job.where = "slug IS NULL";
  return job;
}

constexpr BoundShape both{.after = true, .through = true};

}  // namespace

TEST_CASE("samples_show_what_a_row_holds_and_what_it_is_to_hold") {
  CHECK(RehearsalSql(slugs(), people()).samples({.after = false, .through = true}, false) ==
        "SELECT \"people\".\"tenant\"::text, \"people\".\"id\"::text, \"people\".\"slug\"::text, "
        "(\nlower(email) -- it\n)::text::text FROM (SELECT \"people\".* FROM \"public\".\"people\" "
        "WHERE (\"people\".\"tenant\", \"people\".\"id\") <= ($1::integer, $2::bigint)) AS "
        "\"people\" WHERE (\nslug IS NULL\n) ORDER BY \"people\".\"tenant\", \"people\".\"id\" "
        "LIMIT $3::bigint");
}

TEST_CASE("samples_of_a_stripe_are_rows_of_that_stripe") {
  Target target = people();
  target.key.columns[0].hash = "hash_int";
  target.key.columns[1].hash = "hash_big";
  const std::string sql = RehearsalSql(slugs(), target).samples(both, true);
  CHECK(sql.find("(\nslug IS NULL\n) AND (hash_big(\"people\".\"id\", "
                 "hash_int(\"people\".\"tenant\", 0)) & $5::bigint) = $6::bigint ORDER BY") !=
        std::string::npos);
  CHECK(sql.ends_with("LIMIT $7::bigint"));
}

TEST_CASE("rows_are_found_again_by_their_keys") {
  CHECK(
      RehearsalSql(slugs(), people()).held(2) ==
      "SELECT \"people\".\"tenant\"::text, \"people\".\"id\"::text, \"people\".\"slug\"::text FROM "
      "\"public\".\"people\" WHERE (\"people\".\"tenant\" = $1::integer AND \"people\".\"id\" = "
      "$2::bigint) OR (\"people\".\"tenant\" = $3::integer AND \"people\".\"id\" = $4::bigint)");
}

TEST_CASE("what_is_not_there_yet_is_null_where_the_expressions_are_computed") {
  Job job = slugs();
  job.add = {{"host", "varchar(20)"}};
  job.set.push_back({"host", "split_part(email, '@', 2)"});
  job.where.reset();
  CHECK(RehearsalSql(job, people()).compute(both) ==
        "SELECT count(*), coalesce(sum(pg_catalog.pg_column_size(ROW((\nlower(email) -- "
        "it\n)::text, (\nsplit_part(email, '@', 2)\n)::varchar(20)))), 0)::bigint FROM (SELECT "
        "\"people\".*, NULL::varchar(20)\n AS \"host\" FROM \"public\".\"people\" WHERE "
        "(\"people\".\"tenant\", \"people\".\"id\") > ($1::integer, $2::bigint) AND "
        "(\"people\".\"tenant\", \"people\".\"id\") <= ($3::integer, $4::bigint)) AS \"people\"");
}

TEST_CASE("a_measured_statement_is_the_statement_itself") {
  CHECK(measured("UPDATE t SET a = 1") ==
        "EXPLAIN (ANALYZE, WAL, TIMING OFF, FORMAT JSON) UPDATE t SET a = 1");
}

}  // namespace backfill
