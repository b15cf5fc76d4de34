#include "jobs/type_copy_carry.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "jobs/type_copy_carry/carry.hpp"
#include "jobs/type_copy_carry/using_expression.hpp"

namespace backfill {
namespace {

CarriedColumn signals_confidence() {
  CarriedColumn column;
  column.table = {"public", "signals"};
  column.name = "confidence";
  column.type = "double precision";
  column.with = "confidence::double precision";
  column.incoming = "confidence__backfill_new";
  column.parked = "confidence__backfill_old";
  return column;
}

Dependants facts_of(const CarriedColumn& column) {
  Dependants found;
  ColumnFacts facts;
  facts.table = column.table;
  facts.name = column.name;
  facts.present_type = "numeric";
  facts.assignable = true;
  facts.other_columns = {"id", "confidence"};
  found.columns.push_back(facts);
  return found;
}

bool has(const std::vector<std::string>& statements, std::string_view sql) {
  return std::ranges::find(statements, sql) != statements.end();
}

}  // namespace

TEST_CASE("a_column_with_nothing_on_it_needs_statistics_alone") {
  const CarriedColumn column = signals_confidence();
  const CarryPlan plan = plan_carry({column}, facts_of(column), CarryDirection::forward);
  CHECK(plan.refused.empty());
  REQUIRE(plan.before_switch.size() == 1);
  CHECK(plan.before_switch[0].ddl.sql == R"(ANALYZE "public"."signals")");
  CHECK(plan.in_switch.before_rename.empty());
  CHECK(plan.in_switch.after_rename.empty());
  CHECK(plan.in_switch.locks == std::vector<QualifiedName>{{"public", "signals"}});
}

TEST_CASE("an_index_is_built_beside_the_old_one_and_takes_its_name") {
  const CarriedColumn column = signals_confidence();
  Dependants found = facts_of(column);
  IndexFacts index;
  index.table = column.table;
  index.schema = "public";
  index.name = "by_confidence";
  index.definition =
      "CREATE INDEX by_confidence ON public.signals USING btree (confidence) WHERE (confidence > "
      "0)";
  index.valid = true;
  found.indexes.push_back(index);
  const CarryPlan plan = plan_carry({column}, found, CarryDirection::forward);
  CHECK(plan.before_switch[0].ddl.sql ==
        "CREATE INDEX CONCURRENTLY \"by_confidence__backfill_new\" ON \"public\".\"signals\" USING "
        "btree (\"confidence__backfill_new\") WHERE (\"confidence__backfill_new\" > 0)");
  CHECK(plan.before_switch[0].ddl.shape == DdlShape::concurrent);
  CHECK(plan.in_switch.after_rename[0] ==
        R"(ALTER INDEX "public"."by_confidence" RENAME TO "by_confidence__backfill_old")");
  CHECK(plan.in_switch.after_rename[1] ==
        R"(ALTER INDEX "public"."by_confidence__backfill_new" RENAME TO "by_confidence")");
}

TEST_CASE("the_way_back_takes_over_what_the_switch_has_parked") {
  const CarriedColumn column = signals_confidence();
  const CarriedColumn back = reversed(column, "numeric(10,4)", "confidence::numeric(10,4)");
  CHECK(back.incoming == column.parked);
  CHECK(back.parked == column.incoming);
  Dependants found = facts_of(back);
  CheckFacts check;
  check.table = column.table;
  check.name = "half";
  check.expression = "(confidence > (0.5)::double precision)";
  check.validated = true;
  found.checks.push_back(check);
  found.memory["check public.signals.half"] = "(confidence > 0.5)";
  const CarryPlan plan = plan_carry({back}, found, CarryDirection::back);
  CHECK(plan.before_switch[0].ddl.sql.find("(\"confidence__backfill_old\" > 0.5)") !=
        std::string::npos);
  CHECK(has(plan.in_switch.after_rename,
            R"(ALTER TABLE "public"."signals" RENAME CONSTRAINT "half__backfill_old" TO "half")"));
  CHECK(has(plan.in_switch.after_rename,
            R"(COMMENT ON COLUMN "public"."signals"."confidence" IS NULL)"));
}

TEST_CASE("the_switch_leaves_the_texts_in_the_comment_of_the_parked_column") {
  const CarriedColumn column = signals_confidence();
  Dependants found = facts_of(column);
  ViewFacts view;
  view.name = {"public", "v"};
  view.query = "SELECT confidence AS \"a\\b\" FROM public.signals";
  view.owner = "me";
  found.views.push_back(view);
  const CarryPlan plan = plan_carry({column}, found, CarryDirection::forward);
  CHECK(plan.in_switch.views == std::vector<std::string>{R"(DROP VIEW "public"."v")"});
  // The literal doubles the backslashes of the JSON.
  CHECK(plan.in_switch.after_rename.back().find(
            R"("view public.v": "SELECT confidence AS \\"a\\\\b\\" FROM public.signals")") !=
        std::string::npos);
  CHECK(plan.in_switch.after_rename.back().starts_with(
      R"(COMMENT ON COLUMN "public"."signals"."confidence__backfill_old" IS )"));
}

TEST_CASE("what_was_built_for_things_that_are_gone_is_removed_first") {
  const CarriedColumn column = signals_confidence();
  Dependants found = facts_of(column);
  IndexFacts index;
  index.table = column.table;
  index.schema = "public";
  index.name = "kept";
  index.definition = "CREATE INDEX kept ON public.signals USING btree (confidence)";
  index.valid = true;
  found.indexes.push_back(index);
  const auto built = [&](BuiltFacts::Kind kind, const char* name) {
    found.built.push_back({kind, column.table, {"public", name}});
  };
  built(BuiltFacts::Kind::index, "kept__backfill_new");
  built(BuiltFacts::Kind::index, "gone__backfill_new");
  built(BuiltFacts::Kind::index, "of_the_other_way__backfill_old");
  built(BuiltFacts::Kind::constraint, "Gone__backfill_new");
  built(BuiltFacts::Kind::statistics, "gone_too__backfill_new");
  const CarryPlan plan = plan_carry({column}, found, CarryDirection::forward);
  REQUIRE(plan.before_switch.size() == 5);
  CHECK(plan.before_switch[0].ddl.sql ==
        R"(DROP INDEX CONCURRENTLY IF EXISTS "public"."gone__backfill_new")");
  CHECK(plan.before_switch[0].ddl.shape == DdlShape::concurrent);
  CHECK(plan.before_switch[1].ddl.sql ==
        R"(ALTER TABLE "public"."signals" DROP CONSTRAINT IF EXISTS "Gone__backfill_new")");
  CHECK(plan.before_switch[2].ddl.sql ==
        R"(DROP STATISTICS IF EXISTS "public"."gone_too__backfill_new")");
  CHECK_THAT(plan.before_switch[3].ddl.sql, Catch::Contains("kept__backfill_new"));
  for (const CarryStep& step : plan.before_switch) {
    if (step.what.find("gone") != std::string::npos) CHECK(step.undo == step.ddl.sql);
  }
}

TEST_CASE("grants_and_targets_that_came_later_follow_in_the_switch") {
  const CarriedColumn column = signals_confidence();
  Dependants found = facts_of(column);
  ColumnFacts& facts = found.columns.front();
  facts.grants = {{"app", "SELECT", false}, {"PUBLIC", "UPDATE", false}};
  facts.statistics_target = 500;
  facts.options = {"n_distinct=5"};
  const CarryPlan before = plan_carry({column}, found, CarryDirection::forward);
  CHECK(before.in_switch.before_rename.empty());
  facts.incoming_exists = true;
  facts.incoming_grants = {{"app", "SELECT", false}, {"gone", "SELECT", true}};
  const CarryPlan behind = plan_carry({column}, found, CarryDirection::forward);
  CHECK(
      behind.in_switch.before_rename ==
      std::vector<std::string>{
          R"(REVOKE SELECT ("confidence__backfill_new") ON "public"."signals" FROM gone)",
          R"(GRANT UPDATE ("confidence__backfill_new") ON "public"."signals" TO PUBLIC)",
          R"(ALTER TABLE "public"."signals" ALTER COLUMN "confidence__backfill_new" SET STATISTICS 500)",
          R"(ALTER TABLE "public"."signals" ALTER COLUMN "confidence__backfill_new" SET (n_distinct=5))"});
  facts.incoming_grants = facts.grants;
  facts.incoming_statistics_target = 500;
  facts.incoming_options = facts.options;
  const CarryPlan level = plan_carry({column}, found, CarryDirection::forward);
  CHECK(level.in_switch.before_rename.empty());
}

TEST_CASE("a_switch_compares_what_hangs_on_the_column_with_what_its_plan_has_read") {
  const CarriedColumn column = signals_confidence();
  Dependants found = facts_of(column);
  found.print_sql = "SELECT 'now'";
  found.print = "then";
  const CarryPlan plan = plan_carry({column}, found, CarryDirection::forward);
  CHECK_THAT(plan.in_switch.unchanged,
             Catch::Contains("IF (SELECT 'now') <> 'then' THEN") && Catch::Contains("BF004"));
}

TEST_CASE("a_cast_to_a_domain_that_cuts_is_refused_where_nobody_has_asked_for_it") {
  CarriedColumn column = signals_confidence();
  column.type = "short";
  column.with = "confidence::short";
  Dependants found = facts_of(column);
  found.columns.front().cuts = true;
  const CarryPlan refused = plan_carry({column}, found, CarryDirection::forward);
  REQUIRE(refused.refused.size() == 1);
  CHECK(refused.refused.front().reason == "a cast to short cuts what is too long for it");
  column.with = "confidence";
  CHECK(plan_carry({column}, found, CarryDirection::forward).refused.empty());
}

TEST_CASE("long_names_stay_within_63_bytes_and_apart") {
  const std::string name(60, 'n');
  const std::string one = suffixed_name(name + "a", incoming_suffix);
  const std::string two = suffixed_name(name + "b", incoming_suffix);
  CHECK(one.size() == 63);
  CHECK(one.ends_with("__backfill_new"));
  CHECK(one != two);
  CHECK(suffixed_name("c", parked_suffix) == "c__backfill_old");
  std::string umlauts;
  for (int i = 0; i < 31; ++i) umlauts += "\u00e4";
  CHECK(suffixed_name(umlauts, incoming_suffix).size() <= 63);
  CHECK(suffixed_name(umlauts, incoming_suffix).find("\u00e4_") != std::string::npos);
}

TEST_CASE("a_using_that_only_casts_is_told_from_one_that_does_more") {
  CHECK(plain_cast("c::bigint", "c"));
  CHECK(plain_cast("\"C\" :: timestamp with time zone", "C"));
  CHECK(plain_cast("CAST(c AS numeric(10,2)) -- why", "c"));
  CHECK(plain_cast("C::bigint", "c"));
  CHECK(!plain_cast("c * 2", "c"));
  CHECK(!plain_cast("c::timestamp AT TIME ZONE 'UTC'", "c"));
  CHECK(!plain_cast("lower(c)", "c"));
}

TEST_CASE("a_default_takes_the_place_of_the_column_in_using") {
  CHECK(apply_using("t.c * 100 + c::c", "c", "5") == "(5) * 100 + (5)::c");
  CHECK(apply_using("c(c)", "c", "1") == "c((1))");
}

TEST_CASE("json_escapes_what_it_must") {
  CHECK(json_object({{"a\"b", "c\\d\ne"}}) == R"({"a\"b": "c\\d\u000ae"})");
  CHECK(json_object({}) == "{}");
}

TEST_CASE("integer_types_are_known_by_all_their_names") {
  CHECK(integer_type("int8") == "bigint");
  CHECK(integer_type(" INT ") == "integer");
  CHECK(integer_type("pg_catalog.int2") == "smallint");
  CHECK(!integer_type("numeric"));
}

}  // namespace backfill
