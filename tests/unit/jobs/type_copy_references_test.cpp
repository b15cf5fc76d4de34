#include "jobs/type_copy_references.hpp"

#include <catch2/catch.hpp>

#include "jobs/type_copy.hpp"

namespace backfill {
namespace {

const QualifiedName orders{"shop", "orders"};
const QualifiedName lines{"shop", "lines"};
const QualifiedName items{"shop", "Items"};

Job keys() {
  Job job;
  job.kind = JobKind::type_copy;
  job.name = "keys";
  job.table = {.schema = {}, .name = "orders"};
  job.key = {"id"};
  job.type_copy.columns = {{"id", "bigint", "\"id\"::bigint", std::nullopt}};
  job.type_copy.include_references = true;
  return job;
}

Target own() {
  Target target;
  target.table = orders;
  target.columns = {{.name = "id", .type = "integer"},
                    {.name = "parent_id", .type = "integer"},
                    {.name = "scale", .type = "integer"}};
  return target;
}

Reference to_orders(QualifiedName table, std::string column) {
  return {"fkey", std::move(table), std::move(column), orders, "id"};
}

}  // namespace

TEST_CASE("what_points_at_a_changed_column_takes_its_type_in_a_job_of_its_own_table") {
  const FollowedTables followed =
      follow_references(keys(), own(), {to_orders(lines, "order_id"), to_orders(items, "Order")});
  CHECK(followed.refused.empty());
  REQUIRE(followed.jobs.size() == 3);
  CHECK(followed.jobs[0].table.name == "orders");
  CHECK(followed.jobs[0].type_copy.columns.size() == 1);
  // The others in the order of their quoted names, in which they are locked.
  CHECK(followed.jobs[1].table == items);
  CHECK(followed.jobs[1].type_copy.columns ==
        std::vector<ChangeColumn>{{"Order", "bigint", "\"Order\"::bigint", std::nullopt}});
  CHECK(followed.jobs[2].table == lines);
  CHECK(followed.jobs[2].name == "keys");
  CHECK(followed.jobs[2].key.empty());
}

TEST_CASE("a_reference_to_the_same_table_is_one_more_column_of_it") {
  const FollowedTables followed =
      follow_references(keys(), own(), {to_orders(orders, "parent_id")});
  REQUIRE(followed.jobs.size() == 1);
  REQUIRE(followed.jobs[0].type_copy.columns.size() == 2);
  CHECK(followed.jobs[0].type_copy.columns[1].column == "parent_id");
  CHECK(followed.jobs[0].key == std::vector<std::string>{"id"});
}

TEST_CASE("a_column_that_follows_is_followed_whatever_the_order_of_the_references") {
  const Reference far{"far", items, "line", lines, "order_id"};
  for (const auto& references : {std::vector<Reference>{far, to_orders(lines, "order_id")},
                                 std::vector<Reference>{to_orders(lines, "order_id"), far}}) {
    const FollowedTables followed = follow_references(keys(), own(), references);
    REQUIRE(followed.jobs.size() == 3);
    CHECK(followed.jobs[1].type_copy.columns[0].with == "\"line\"::bigint");
  }
}

TEST_CASE("columns_that_point_at_each_other_in_a_circle_follow_once") {
  const FollowedTables followed = follow_references(
      keys(), own(), {to_orders(lines, "order_id"), {"back", orders, "id", lines, "order_id"}});
  CHECK(followed.refused.empty());
  REQUIRE(followed.jobs.size() == 2);
  CHECK(followed.jobs[0].type_copy.columns.size() == 1);
}

TEST_CASE("references_to_columns_that_stay_are_passed_over") {
  const FollowedTables followed =
      follow_references(keys(), own(), {{"other", lines, "tenant", orders, "tenant"}});
  CHECK(followed.refused.empty());
  CHECK(followed.jobs.size() == 1);
}

TEST_CASE("using_and_back_are_written_over_the_column_that_follows") {
  Job job = keys();
  job.type_copy.columns[0] = {"id", "text", "'o' || orders.id::text", "substr(id, 2)::integer"};
  const FollowedTables followed = follow_references(job, own(), {to_orders(lines, "order_id")});
  REQUIRE(followed.jobs.size() == 2);
  CHECK(followed.jobs[1].type_copy.columns[0] == ChangeColumn{"order_id", "text",
                                                              "'o' || \"order_id\"::text",
                                                              "substr(\"order_id\", 2)::integer"});
}

TEST_CASE("an_expression_that_reads_other_columns_cannot_be_followed") {
  Job job = keys();
  job.type_copy.columns[0].with = "id * scale";
  const FollowedTables followed = follow_references(job, own(), {to_orders(lines, "order_id")});
  CHECK(followed.jobs.size() == 1);
  REQUIRE(followed.refused.size() == 1);
  CHECK(followed.refused[0].object == "foreign key fkey on shop.lines");
  CHECK_THAT(followed.refused[0].reason, Catch::Contains("reads scale"));
}

TEST_CASE("a_column_cannot_follow_into_two_types") {
  Job job = keys();
  job.type_copy.columns.push_back({"parent_id", "numeric", "parent_id::numeric", std::nullopt});
  const FollowedTables followed = follow_references(job, own(), {to_orders(orders, "parent_id")});
  REQUIRE(followed.refused.size() == 1);
  CHECK_THAT(followed.refused[0].reason, Catch::Contains("bigint") && Catch::Contains("numeric"));

  job.type_copy.columns.back() = {"parent_id", "bigint", "CAST(parent_id AS bigint)", std::nullopt};
  const FollowedTables agreed = follow_references(job, own(), {to_orders(orders, "parent_id")});
  CHECK(agreed.refused.empty());
  CHECK(agreed.jobs[0].type_copy.columns.size() == 2);
}

namespace {

/// orders and lines, as they stand beside their new columns.
std::vector<SyncFacts> two_tables() {
  const FollowedTables followed = follow_references(keys(), own(), {to_orders(lines, "order_id")});
  std::vector<SyncFacts> all;
  for (const Job& job : followed.jobs) {
    SyncFacts facts;
    facts.job = job.name;
    facts.label = all.empty() ? "" : "shop.lines";
    facts.target.table = all.empty() ? orders : lines;
    const std::string& name = job.type_copy.columns[0].column;
    facts.target.columns = {{.name = name, .type = "integer"}};
    facts.target.key.columns = {{.name = name, .type = "integer"}};
    facts.columns = copied_columns(job, facts.target);
    all.push_back(std::move(facts));
  }
  return all;
}

std::size_t position(const std::vector<OnlineDdl>& statements, std::string_view words) {
  std::size_t at = 0;
  while (at < statements.size() && statements[at].sql.find(words) == std::string::npos) ++at;
  return at;
}

}  // namespace

TEST_CASE("several_tables_are_locked_in_the_order_of_their_names_before_one_is_touched") {
  const std::string lock = R"(LOCK TABLE "shop"."lines", "shop"."orders" IN ACCESS EXCLUSIVE MODE)";
  CarryPlan carry;
  carry.add_clauses = {"", " COLLATE \"C\""};
  const std::vector<OnlineDdl> add = add_ddl(two_tables(), carry, R"({"follows": []})");
  CHECK(add[0].sql == lock);
  CHECK(add[1].sql ==
        R"(ALTER TABLE "shop"."orders" ADD COLUMN IF NOT EXISTS "id__backfill_new" bigint)");
  CHECK(add[2].sql ==
        R"(ALTER TABLE "shop"."lines" ADD COLUMN IF NOT EXISTS "order_id__backfill_new" bigint)"
        " COLLATE \"C\"");
  CHECK(position(add, R"(CREATE TRIGGER "~keys__backfill_sync")") < add.size());
  CHECK(position(add, R"(CREATE TRIGGER "~keys_shop.lines__backfill_sync")") < add.size());
  // The record comes behind what clears the phases.
  CHECK(position(add, "'{\"follows\": []}'::jsonb WHERE phase = 'add'") == add.size() - 1);
  CHECK(drop_ddl(two_tables(), CopyStage::switched)[0].sql == lock);
}

TEST_CASE("all_tables_trade_names_in_one_transaction_and_each_has_its_own_proof") {
  CarrySwitch carry;
  carry.locks = {lines, orders};
  carry.before_rename = {"ALTER TABLE before"};
  carry.after_rename = {"ALTER TABLE after"};
  const SwitchProof proof{"keys", {{R"("shop"."lines")", "7:8:"}, {R"("shop"."orders")", "5:6:"}}};
  const std::vector<OnlineDdl> sql = switch_ddl(two_tables(), carry, proof, SyncDirection::forward);
  CHECK_THAT(sql[2].sql, Catch::Contains("(CASE e.detail ->> 'table' WHEN '\"shop\".\"lines\"' "
                                         "THEN '7:8:' WHEN '\"shop\".\"orders\"' THEN '5:6:' ELSE "
                                         "'7:8:' END)::pg_snapshot"));
  const std::size_t before = position(sql, "ALTER TABLE before");
  const std::size_t first = position(sql, R"("orders" RENAME COLUMN "id" TO "id__backfill_old")");
  const std::size_t second =
      position(sql, R"("lines" RENAME COLUMN "order_id__backfill_new" TO "order_id")");
  const std::size_t after = position(sql, "ALTER TABLE after");
  CHECK((before < first && first < second && second < after));
  CHECK(after < sql.size());
}

}  // namespace backfill
