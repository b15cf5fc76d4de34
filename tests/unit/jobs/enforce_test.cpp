#include "jobs/enforce.hpp"

#include <catch2/catch.hpp>

namespace backfill {
namespace {

constexpr BoundShape both{.after = true, .through = true};

Target users() {
  Target target;
  target.table = {"public", "users"};
  target.columns = {{.name = "id", .type = "bigint"},
                    {.name = "email", .type = "text"},
                    {.name = "plan_id", .type = "bigint"}};
  target.key.columns = {{"id", "bigint"}};
  return target;
}

EnforceSql sql_of(EnforceStep step) {
  return EnforceSql(std::move(step), users());
}

EnforceForeignKey plan_key(Orphans orphans) {
  EnforceForeignKey key;
  key.columns = {"plan_id"};
  key.references = {"public", "plans"};
  key.referenced = {"id"};
  key.orphans = orphans;
  return key;
}

std::vector<std::string> texts(const std::vector<OnlineDdl>& statements) {
  std::vector<std::string> lines;
  for (const OnlineDdl& ddl : statements) lines.push_back(ddl.sql);
  return lines;
}

const std::string alter = R"(ALTER TABLE "public"."users" )";

}  // namespace

TEST_CASE("not_null_goes_through_a_validated_check_that_is_gone_at_the_end") {
  const EnforceSql sql = sql_of(EnforceNotNull{"email"});
  CHECK(
      texts(sql.all()) ==
      std::vector<std::string>{
          alter +
              R"(ADD CONSTRAINT "users_email_not_null_check" CHECK ("email" IS NOT NULL) NOT VALID)",
          alter + R"(VALIDATE CONSTRAINT "users_email_not_null_check")",
          alter + R"(ALTER COLUMN "email" SET NOT NULL)",
          alter + R"(DROP CONSTRAINT "users_email_not_null_check")"});
  EnforceState state;
  state.column_not_null = true;
  CHECK_FALSE(sql.next(state));
}

TEST_CASE("unique_builds_its_index_first_and_what_an_interrupted_build_left_goes_before_it") {
  const EnforceSql sql = sql_of(EnforceUnique{{"email"}, {}});
  CHECK(texts(sql.all()) ==
        std::vector<std::string>{
            R"(CREATE UNIQUE INDEX CONCURRENTLY "users_email_key" ON "public"."users" ("email"))",
            alter + R"(ADD CONSTRAINT "users_email_key" UNIQUE USING INDEX "users_email_key")"});
  EnforceState left;
  left.index = EnforceState::Index{false, false};
  CHECK(sql.next(left)->sql == R"(DROP INDEX CONCURRENTLY "public"."users_email_key")");
  EnforceState done;
  done.index = EnforceState::Index{true, false};
  done.constraint = EnforceState::Constraint{'u', true};
  CHECK_FALSE(sql.next(done));
}

TEST_CASE("a_check_and_a_foreign_key_are_added_first_and_validated_afterwards") {
  CHECK(texts(sql_of(EnforceCheck{"email <> ''", {}}).all()) ==
        std::vector<std::string>{
            alter + "ADD CONSTRAINT \"users_email_check\" CHECK (\nemail <> ''\n) NOT VALID",
            alter + R"(VALIDATE CONSTRAINT "users_email_check")"});
  EnforceForeignKey key = plan_key(Orphans::refuse);
  key.on_delete = "set null";
  CHECK(
      texts(sql_of(key).all()) ==
      std::vector<std::string>{
          alter +
              R"(ADD CONSTRAINT "users_plan_id_fkey" FOREIGN KEY ("plan_id") REFERENCES "public"."plans" ("id") ON DELETE SET NULL NOT VALID)",
          alter + R"(VALIDATE CONSTRAINT "users_plan_id_fkey")"});
}

TEST_CASE("an_index_is_built_as_it_is_written") {
  EnforceIndex index;
  index.elements = {{"plan_id", true}, {"lower(email)", false}};
  index.method = "btree";
  index.where = "plan_id > 0 -- paying";
  index.name = "i";
  CHECK(texts(sql_of(index).all()) ==
        std::vector<std::string>{
            "CREATE INDEX CONCURRENTLY \"i\" ON \"public\".\"users\" USING \"btree\" (\"plan_id\", "
            "lower(email)) WHERE (\nplan_id > 0 -- paying\n)"});
  CHECK_FALSE(sql_of(index).violations());
}

TEST_CASE("a_default_is_set_for_rows_to_come") {
  CHECK(texts(sql_of(EnforceDefault{"email", "''"}).all()) ==
        std::vector<std::string>{alter + "ALTER COLUMN \"email\" SET DEFAULT (\n''\n)"});
}

TEST_CASE("orphans_are_removed_or_unlinked_within_a_range_of_the_key") {
  const std::string orphan =
      R"("users"."plan_id" IS NOT NULL AND NOT EXISTS (SELECT FROM "public"."plans" AS backfill_referenced WHERE backfill_referenced."id" = "users"."plan_id"))";
  CHECK(
      *sql_of(plan_key(Orphans::remove)).mend_orphans(both) ==
      R"(DELETE FROM "public"."users" WHERE "users"."id" > $1::bigint AND "users"."id" <= $2::bigint AND )" +
          orphan);
  CHECK(
      *sql_of(plan_key(Orphans::set_null)).mend_orphans(both) ==
      R"(UPDATE "public"."users" SET "plan_id" = NULL WHERE "users"."id" > $1::bigint AND "users"."id" <= $2::bigint AND )" +
          orphan);
  CHECK_FALSE(sql_of(plan_key(Orphans::refuse)).mend_orphans(both));
  CHECK_FALSE(sql_of(EnforceNotNull{"email"}).mend_orphans(both));
}

TEST_CASE("rows_that_break_a_step_are_listed_by_key_and_duplicates_by_value") {
  CHECK(
      *sql_of(EnforceNotNull{"email"}).violations() ==
      R"(SELECT "users"."id"::text FROM "public"."users" WHERE "users"."email" IS NULL LIMIT 10)");
  CHECK(
      *sql_of(EnforceUnique{{"email"}, {}}).violations() ==
      R"(SELECT "users"."email"::text, pg_catalog.count(*) FROM "public"."users" WHERE "users"."email" IS NOT NULL GROUP BY "email" HAVING pg_catalog.count(*) > 1 LIMIT 10)");
  CHECK(sql_of(EnforceNotNull{"email"}).violation_text({"17"}) == "key (17): email is NULL");
  CHECK(sql_of(EnforceUnique{{"email"}, {}}).violation_text({"a@b", "3"}) ==
        "(email) = (a@b) is there 3 times");
  CHECK(sql_of(plan_key(Orphans::refuse)).violation_text({"17"}) ==
        "key (17) refers to no row of public.plans");
}

TEST_CASE("a_step_is_taken_back_statement_by_statement_from_wherever_it_stands") {
  EnforceState state;
  state.constraint = EnforceState::Constraint{'u', true};
  state.index = EnforceState::Index{true, false};
  const EnforceSql unique = sql_of(EnforceUnique{{"email"}, {}});
  CHECK(texts(unique.undo_all(state, {})) ==
        std::vector<std::string>{alter + R"(DROP CONSTRAINT "users_email_key")"});
  state.constraint.reset();
  CHECK(texts(unique.undo_all(state, {})) ==
        std::vector<std::string>{R"(DROP INDEX CONCURRENTLY "public"."users_email_key")"});
  CHECK(unique.undo_all({}, {}).empty());

  EnforceState half;
  half.constraint = EnforceState::Constraint{'c', true};
  half.column_not_null = true;
  CHECK(texts(sql_of(EnforceNotNull{"email"}).undo_all(half, {})) ==
        std::vector<std::string>{alter + R"(DROP CONSTRAINT "users_email_not_null_check")",
                                 alter + R"(ALTER COLUMN "email" DROP NOT NULL)"});
  const EnforceSql made = sql_of(EnforceDefault{"email", "'x'"});
  CHECK(texts(made.undo_all({}, "'old'::text")) ==
        std::vector<std::string>{alter + "ALTER COLUMN \"email\" SET DEFAULT (\n'old'::text\n)"});
  CHECK(texts(made.undo_all({}, {})) ==
        std::vector<std::string>{alter + R"(ALTER COLUMN "email" DROP DEFAULT)"});
}

}  // namespace backfill
