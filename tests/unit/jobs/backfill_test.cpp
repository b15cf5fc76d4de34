#include "jobs/backfill.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace backfill {
namespace {

constexpr BoundShape both = {.after = true, .through = true};

Job emails() {
  Job job;
  job.table = {.schema = "public", .name = "users"};
  job.add = {{.column = "email_normalized", .type = "text"}};
  job.set = {{.column = "email_normalized", .expression = "lower(trim(email))"}};
  job.where = "email_normalized IS NULL";
  return job;
}

Job setting(std::string column, std::string expression) {
  Job job;
  job.table = {.schema = "public", .name = "users"};
  SetColumn set;
  set.column = std::move(column);
  set.expression = std::move(expression);
  job.set.push_back(std::move(set));
  return job;
}

Target users() {
  Target target;
  target.table = {.schema = "public", .name = "users"};
  target.columns = {{.name = "id", .type = "bigint"},
                    {.name = "email", .type = "text"},
                    {.name = "n", .type = "integer"},
                    {.name = "data", .type = "json"},
                    {.name = "tags", .type = "character varying(9)[]"}};
  target.key.columns = {{.name = "id", .type = "bigint"}};
  return target;
}

BackfillSql sql_for(Job job, bool provable = true) {
  const std::vector<bool> each(job.set.size(), provable);
  return {std::move(job), users(), each};
}

}  // namespace

TEST_CASE("missing_columns_are_added_and_existing_ones_left") {
  const auto statements = sql_for(emails()).add();
  REQUIRE(statements.size() == 1);
  CHECK(statements[0].sql == R"(ALTER TABLE "public"."users" ADD COLUMN "email_normalized" text)");
  CHECK_THAT(statements[0].lock, Catch::StartsWith("ACCESS EXCLUSIVE"));
  Job job = emails();
  job.add[0].column = "email";
  CHECK(sql_for(job).add().empty());
}

TEST_CASE("copy_updates_one_key_range_and_keeps_comments_inside_their_expression") {
  CHECK(sql_for(emails()).copy(both) ==
        "UPDATE \"public\".\"users\" SET \"email_normalized\" = (\nlower(trim(email))\n) WHERE "
        "\"users\".\"id\" > $1::bigint AND \"users\".\"id\" <= $2::bigint AND "
        "(\nemail_normalized IS NULL\n)");
  Job two = setting("n", "n + 1");
  two.set.push_back({.column = "b\"", .expression = "1 -- one"});
  CHECK(sql_for(two).copy({.after = false, .through = true}) ==
        "UPDATE \"public\".\"users\" SET \"n\" = (\nn + 1\n), \"b\"\"\" = (\n1 -- one\n) WHERE "
        "\"users\".\"id\" <= $1::bigint");
}

TEST_CASE("provable_values_are_compared_with_or_without_where") {
  CHECK(sql_for(emails()).proof() == Proof::where_and_values);
  Job everything = emails();
  everything.where.reset();
  CHECK(sql_for(everything).proof() == Proof::values);
}

TEST_CASE("where_is_the_proof_only_if_a_change_can_make_it_false") {
  Job tokens = setting("token", "gen_random_uuid()");
  tokens.where = "token IS NULL";
  CHECK(sql_for(tokens, false).proof() == Proof::where_remaining);
  tokens.where = "id < 1000";
  CHECK(sql_for(tokens, false).proof() == Proof::ledger);
  tokens.where.reset();
  CHECK(sql_for(tokens, false).proof() == Proof::ledger);
}

TEST_CASE("a_job_that_starts_from_its_own_results_is_never_run_on_a_row_twice") {
  Job counter = setting("n", "n + 1");
  CHECK(sql_for(counter, false).proof() == Proof::ledger);
  counter.where = "n < 5";
  CHECK(sql_for(counter, false).proof() == Proof::where_reported);
  counter.where = "EXISTS (SELECT FROM orders WHERE orders.user_id = users.id)";
  CHECK(sql_for(counter, false).proof() == Proof::ledger);
  Job swap = setting("a", "b");
  swap.set.push_back({.column = "b", .expression = "a"});
  swap.where = "a < b";
  CHECK(sql_for(swap, false).proof() == Proof::where_reported);
  Job whole = setting("data", "to_json(users)");
  whole.where = "data IS NULL";
  CHECK(sql_for(whole, false).proof() == Proof::where_reported);
  whole.set[0].expression = "to_json(ROW(users.*))";
  CHECK(sql_for(whole, false).proof() == Proof::where_reported);
  whole.set[0].expression = "json_build_object('at', now(), 'users', users.email)";
  CHECK(sql_for(whole, false).proof() == Proof::where_remaining);
}

TEST_CASE("what_still_matches_is_counted_and_never_changed_where_nothing_tells_what_is_done") {
  Job lower = setting("email", "lower(email)");
  lower.where = "email <> lower(email)";
  const BackfillSql sql = sql_for(lower, false);
  CHECK(sql.proof() == Proof::where_reported);
  CHECK_FALSE(may_repair(sql.proof()));
  CHECK(sql.verify(both) ==
        "SELECT 0::bigint, count(*), NULL::bigint, NULL::numeric, NULL::numeric FROM "
        "\"public\".\"users\" WHERE \"users\".\"id\" > $1::bigint "
        "AND \"users\".\"id\" <= $2::bigint AND (\nemail <> lower(email)\n)");
}

TEST_CASE("a_column_that_can_be_computed_again_tells_for_one_that_cannot") {
  Job job = setting("n", "n + 1");
  job.set.push_back({.column = "email", .expression = "'migrated'"});
  job.where = "email = 'legacy'";
  const BackfillSql sql(job, users(), {false, true});
  CHECK(sql.proof() == Proof::where_and_values);
  CHECK(sql.repair({}) ==
        "UPDATE \"public\".\"users\" SET \"n\" = (\nn + 1\n), \"email\" = (\n'migrated'\n) WHERE "
        "TRUE AND (\nemail = 'legacy'\n) AND (\"users\".\"email\"::text COLLATE \"C\" IS "
        "DISTINCT FROM (\n'migrated'\n)::text::text COLLATE \"C\")");
  job.where = "id < 1000";
  CHECK(choose_proof(job, {false, true}) == Proof::ledger);
  job.where.reset();
  CHECK(choose_proof(job, {false, true}) == Proof::ledger);
}

TEST_CASE("verify_counts_what_differs_and_what_cannot_change") {
  CHECK(sql_for(emails()).verify(both) ==
        "SELECT count(*) FILTER (WHERE (\"users\".\"email_normalized\"::text COLLATE \"C\" IS "
        "DISTINCT FROM (\nlower(trim(email))\n)::text::text COLLATE \"C\")), count(*) FILTER "
        "(WHERE NOT (\"users\".\"email_normalized\"::text COLLATE \"C\" IS DISTINCT FROM "
        "(\nlower(trim(email))\n)::text::text COLLATE \"C\")), NULL::bigint, NULL::numeric, "
        "NULL::numeric FROM \"public\".\"users\" WHERE "
        "\"users\".\"id\" > $1::bigint AND \"users\".\"id\" <= $2::bigint AND "
        "(\nemail_normalized IS NULL\n)");
}

TEST_CASE("values_are_compared_as_their_column_stores_them") {
  Job job = setting("n", "1.5");
  job.set.push_back({.column = "data", .expression = "'{}'"});
  job.set.push_back({.column = "tags", .expression = "'{a}'"});
  CHECK(sql_for(job).verify({}) ==
        "SELECT count(*), 0::bigint, NULL::bigint, NULL::numeric, NULL::numeric FROM "
        "\"public\".\"users\" WHERE TRUE AND (\"users\".\"n\" IS "
        "DISTINCT FROM (\n1.5\n)::integer OR \"users\".\"data\"::text IS DISTINCT FROM "
        "(\n'{}'\n)::json::text OR \"users\".\"tags\"::text[] COLLATE \"C\" IS DISTINCT FROM "
        "(\n'{a}'\n)::character varying(9)[]::text[] COLLATE \"C\")");
}

TEST_CASE("repair_changes_what_differs_and_no_more") {
  Job job = emails();
  CHECK(sql_for(job, false).repair({}) ==
        "UPDATE \"public\".\"users\" SET \"email_normalized\" = (\nlower(trim(email))\n) WHERE "
        "TRUE AND (\nemail_normalized IS NULL\n)");
  job.set = {{.column = "n", .expression = "7"}};
  job.where.reset();
  CHECK(sql_for(job).repair(both) ==
        "UPDATE \"public\".\"users\" SET \"n\" = (\n7\n) WHERE \"users\".\"id\" > $1::bigint AND "
        "\"users\".\"id\" <= $2::bigint AND (\"users\".\"n\" IS DISTINCT FROM (\n7\n)::integer)");
}

TEST_CASE("first_differences_are_ten_keys_in_order") {
  Target target = users();
  target.key.columns = {{.name = "id", .type = "bigint"}, {.name = "email", .type = "text"}};
  const BackfillSql sql(emails(), target, {false});
  CHECK(sql.first_differences({}) ==
        "SELECT \"users\".\"id\"::text, \"users\".\"email\"::text FROM \"public\".\"users\" WHERE "
        "TRUE AND (\nemail_normalized IS NULL\n) ORDER BY \"users\".\"id\", \"users\".\"email\" "
        "LIMIT 10");
}

TEST_CASE("every_proof_explains_itself") {
  for (const Proof proof : {Proof::where_remaining, Proof::where_and_values, Proof::values,
                            Proof::where_reported, Proof::ledger}) {
    CHECK_FALSE(explain(proof).empty());
  }
}

}  // namespace backfill
