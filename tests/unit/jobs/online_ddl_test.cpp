#include "jobs/online_ddl.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace backfill {
namespace {

const QualifiedName users{"public", "users"};

}  // namespace

TEST_CASE("a_constraint_is_added_without_looking_at_the_rows_and_validated_afterwards") {
  const OnlineDdl check = add_constraint_not_valid(users, "users_age_check", ConstraintType::check,
                                                   check_definition("age > 0 -- years"));
  CHECK(check.sql ==
        "ALTER TABLE \"public\".\"users\" ADD CONSTRAINT \"users_age_check\" CHECK (\nage > 0 -- "
        "years\n) NOT VALID");
  CHECK(check.shape == DdlShape::instant);
  CHECK_THAT(check.lock, Catch::StartsWith("ACCESS EXCLUSIVE on the table, for an instant"));

  const OnlineDdl validated = validate_constraint(users, "users_age_check", ConstraintType::check);
  CHECK(validated.sql == R"(ALTER TABLE "public"."users" VALIDATE CONSTRAINT "users_age_check")");
  CHECK(validated.shape == DdlShape::scan);
  CHECK_THAT(validated.lock, Catch::StartsWith("SHARE UPDATE EXCLUSIVE"));
}

TEST_CASE("a_foreign_key_locks_both_tables_against_writes_for_an_instant_only") {
  ForeignKeyText key;
  key.columns = {"tenant", "plan"};
  key.references = {"public", "Plans"};
  key.referenced = {"tenant", "id"};
  key.actions = "ON DELETE CASCADE";
  const std::string definition = foreign_key_definition(key);
  CHECK(
      definition ==
      R"(FOREIGN KEY ("tenant", "plan") REFERENCES "public"."Plans" ("tenant", "id") ON DELETE CASCADE)");
  const OnlineDdl added =
      add_constraint_not_valid(users, "k", ConstraintType::foreign_key, definition);
  CHECK_THAT(added.sql, Catch::EndsWith("ON DELETE CASCADE NOT VALID"));
  CHECK_THAT(added.lock, Catch::StartsWith("SHARE ROW EXCLUSIVE on both tables, for an instant"));
  CHECK_THAT(validate_constraint(users, "k", ConstraintType::foreign_key).lock,
             Catch::Contains("ROW SHARE on the referenced one"));
  CHECK_THAT(drop_constraint(users, "k", ConstraintType::foreign_key).lock,
             Catch::StartsWith("ACCESS EXCLUSIVE on both tables"));
}

TEST_CASE("an_index_is_built_and_dropped_concurrently_and_its_leftover_is_known_by_name") {
  OnlineIndex index;
  index.table = users;
  index.name = "users_email_key";
  index.unique = true;
  index.definition = index_columns({"email", "Odd"});
  const OnlineDdl built = create_index_concurrently(index);
  CHECK(
      built.sql ==
      R"(CREATE UNIQUE INDEX CONCURRENTLY "users_email_key" ON "public"."users" ("email", "Odd"))");
  CHECK(built.shape == DdlShape::concurrent);
  REQUIRE(built.leaves_behind);
  CHECK(*built.leaves_behind == QualifiedName{"public", "users_email_key"});

  const OnlineDdl dropped = drop_index_concurrently(*built.leaves_behind);
  CHECK(dropped.sql == R"(DROP INDEX CONCURRENTLY "public"."users_email_key")");
  CHECK(dropped.shape == DdlShape::concurrent);
  CHECK_FALSE(dropped.leaves_behind);

  index.unique = false;
  index.definition = "USING gin (tags) WHERE tags IS NOT NULL";
  CHECK(create_index_concurrently(index).sql ==
        R"(CREATE INDEX CONCURRENTLY "users_email_key" ON "public"."users" )"
        "USING gin (tags) WHERE tags IS NOT NULL");
}

TEST_CASE("an_index_becomes_a_constraint_in_an_instant") {
  CHECK(
      add_constraint_using_index(users, "users_email_key", KeyType::unique, "users_email_key")
          .sql ==
      R"(ALTER TABLE "public"."users" ADD CONSTRAINT "users_email_key" UNIQUE USING INDEX "users_email_key")");
  CHECK(
      add_constraint_using_index(users, "users_pkey", KeyType::primary, "new_index").sql ==
      R"(ALTER TABLE "public"."users" ADD CONSTRAINT "users_pkey" PRIMARY KEY USING INDEX "new_index")");
  CHECK(drop_key_constraint(users, "users_email_key").sql ==
        R"(ALTER TABLE "public"."users" DROP CONSTRAINT "users_email_key")");
}

TEST_CASE("columns_are_held_and_let_go_in_an_instant") {
  CHECK(not_null_definition("n\"x") == R"(CHECK ("n""x" IS NOT NULL))");
  CHECK(set_not_null(users, "n").sql ==
        R"(ALTER TABLE "public"."users" ALTER COLUMN "n" SET NOT NULL)");
  CHECK(drop_not_null(users, "n").sql ==
        R"(ALTER TABLE "public"."users" ALTER COLUMN "n" DROP NOT NULL)");
  CHECK(set_default(users, "n", "1 -- one").sql ==
        "ALTER TABLE \"public\".\"users\" ALTER COLUMN \"n\" SET DEFAULT (\n1 -- one\n)");
  CHECK(drop_default(users, "n").sql ==
        R"(ALTER TABLE "public"."users" ALTER COLUMN "n" DROP DEFAULT)");
  CHECK(drop_column(users, "n").sql == R"(ALTER TABLE "public"."users" DROP COLUMN "n")");
  CHECK(set_not_null(users, "n").shape == DdlShape::instant);
}

}  // namespace backfill
