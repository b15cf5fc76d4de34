#include "jobs/type_copy.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "jobs/backfill.hpp"
#include "jobs/type_copy_names.hpp"

namespace backfill {
namespace {

constexpr BoundShape both = {.after = true, .through = true};

Job confidence() {
  Job job;
  job.kind = JobKind::type_copy;
  job.name = "wider";
  job.table = {.schema = "public", .name = "signals"};
  ChangeColumn change;
  change.column = "confidence";
  change.type = "double precision";
  change.with = "confidence::double precision";
  change.back = "confidence::numeric(10,4)";
  job.type_copy.columns.push_back(change);
  return job;
}

Target signals(std::vector<TableColumn> more) {
  Target target;
  target.table = {.schema = "public", .name = "signals"};
  target.columns = {{.name = "id", .type = "bigint"}};
  for (TableColumn& column : more) target.columns.push_back(std::move(column));
  target.key.columns = {{.name = "id", .type = "bigint"}};
  return target;
}

Target before() {
  return signals({{.name = "confidence", .type = "numeric(10,4)"}});
}

Target beside() {
  return signals({{.name = "confidence", .type = "numeric(10,4)"},
                  {.name = "confidence__backfill_new", .type = "double precision"}});
}

Target after() {
  return signals({{.name = "confidence__backfill_old", .type = "numeric(10,4)"},
                  {.name = "confidence", .type = "double precision"}});
}

SyncFacts facts_of(const Job& job, const Target& target) {
  SyncFacts facts;
  facts.job = job.name;
  facts.target = target;
  facts.columns = copied_columns(job, target);
  facts.on_cast_error = job.type_copy.on_cast_error;
  return facts;
}

std::vector<std::string> texts(const std::vector<OnlineDdl>& statements) {
  std::vector<std::string> all;
  for (const OnlineDdl& ddl : statements) all.push_back(ddl.sql);
  return all;
}

CarrySwitch only_the_table() {
  CarrySwitch carry;
  carry.locks.push_back({.schema = "public", .name = "signals"});
  return carry;
}

}  // namespace

TEST_CASE("the_columns_alone_tell_where_a_type_copy_stands") {
  CHECK(stage_of(confidence(), before()) == CopyStage::absent);
  CHECK(stage_of(confidence(), beside()) == CopyStage::added);
  CHECK(stage_of(confidence(), after()) == CopyStage::switched);
  CHECK(copied_columns(confidence(), after()).front().old_type == "numeric(10,4)");
}

TEST_CASE("the_copy_of_a_type_copy_is_that_of_a_backfill_of_the_new_column") {
  const BackfillSql sql(forward_job(confidence()), beside(), {true});
  CHECK(sql.proof() == Proof::values);
  CHECK(sql.copy(both) ==
        "UPDATE \"public\".\"signals\" SET \"confidence__backfill_new\" = (\nconfidence::double "
        "precision\n) WHERE \"signals\".\"id\" > $1::bigint AND \"signals\".\"id\" <= $2::bigint");
  CHECK(sql.verify(both) ==
        "SELECT count(*), 0::bigint, NULL::bigint, NULL::numeric, NULL::numeric FROM "
        "\"public\".\"signals\" WHERE \"signals\".\"id\" > "
        "$1::bigint AND \"signals\".\"id\" <= $2::bigint AND "
        "(\"signals\".\"confidence__backfill_new\" IS DISTINCT FROM (\nconfidence::double "
        "precision\n)::double precision)");
}

TEST_CASE("the_proof_of_a_type_copy_sums_hashes_of_key_and_value_on_both_sides") {
  BackfillSql sql(forward_job(confidence()), beside(), {true});
  sql.keep_checksums();
  CHECK(sql.verify(both) ==
        "SELECT count(*) FILTER (WHERE (\"signals\".\"confidence__backfill_new\" IS DISTINCT FROM "
        "(\nconfidence::double precision\n)::double precision)), 0::bigint, count(*), "
        "coalesce(sum(pg_catalog.hashtextextended(ROW(\"signals\".\"id\", "
        "\"signals\".\"confidence__backfill_new\")::text, 0)), 0), "
        "coalesce(sum(pg_catalog.hashtextextended(ROW(\"signals\".\"id\", "
        "(\nconfidence::double precision\n)::double precision)::text, 0)), 0) FROM "
        "\"public\".\"signals\" WHERE \"signals\".\"id\" > $1::bigint AND "
        "\"signals\".\"id\" <= $2::bigint");
}

TEST_CASE("add_makes_column_function_and_trigger_and_forgets_an_earlier_copy") {
  const std::vector<std::string> sql = texts(add_ddl({facts_of(confidence(), before())}, {}, ""));
  REQUIRE(sql.size() == 9);
  CHECK(sql[0] ==
        "ALTER TABLE \"public\".\"signals\" ADD COLUMN IF NOT EXISTS \"confidence__backfill_new\" "
        "double precision");
  CHECK_THAT(sql[1], Catch::Contains("'pg_temp'"));
  CHECK_THAT(sql[2], Catch::StartsWith("CREATE OR REPLACE FUNCTION "
                                       "\"backfill\".\"wider__backfill_sync\"() RETURNS trigger "
                                       "LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM "
                                       "CURRENT AS $backfill$"));
  CHECK_THAT(sql[2], Catch::Contains("NEW.\"confidence__backfill_new\" := (SELECT (\n"
                                     "confidence::double precision\n) FROM (SELECT "
                                     "NEW.\"confidence\" AS \"confidence\") AS \"signals\");"));
  CHECK_THAT(sql[2], Catch::Contains("EXCEPTION WHEN OTHERS"));
  CHECK(sql[3] == "DROP TRIGGER IF EXISTS \"~wider__backfill_sync\" ON \"public\".\"signals\"");
  CHECK(sql[4] ==
        "CREATE TRIGGER \"~wider__backfill_sync\" BEFORE INSERT OR UPDATE ON "
        "\"public\".\"signals\" FOR EACH ROW WHEN (pg_catalog.current_setting('backfill.job', "
        "true) IS DISTINCT FROM 'wider') EXECUTE FUNCTION "
        "\"backfill\".\"wider__backfill_sync\"()");
  CHECK(sql[5] ==
        "ALTER TABLE \"public\".\"signals\" ENABLE ALWAYS TRIGGER \"~wider__backfill_sync\"");
  CHECK_THAT(sql[6], Catch::StartsWith("DELETE FROM backfill.ranges"));
  CHECK_THAT(sql[7], Catch::StartsWith("DELETE FROM backfill.quarantine"));
  CHECK_THAT(sql[8], Catch::StartsWith("DELETE FROM backfill.phases"));
}

TEST_CASE("a_write_fails_with_the_cast_only_where_the_job_says_so") {
  Job job = confidence();
  job.type_copy.on_cast_error = CastErrors::fail;
  const std::string body =
      texts(sync_function_ddl(facts_of(job, before()), SyncDirection::forward)).back();
  CHECK_THAT(body, !Catch::Contains("EXCEPTION"));
}

TEST_CASE("a_body_that_holds_our_dollar_quote_gets_another") {
  Job job = confidence();
  job.type_copy.columns[0].with = "'$backfill$'::text";
  const std::string body =
      texts(sync_function_ddl(facts_of(job, before()), SyncDirection::forward)).back();
  CHECK_THAT(body, Catch::EndsWith("$backfill1$"));
}

TEST_CASE("the_names_are_traded_under_one_lock_and_the_function_turns_round") {
  const SwitchProof proof{"wider", {{R"("public"."signals")", "10:20:"}}};
  const std::vector<std::string> sql = texts(switch_ddl(
      {facts_of(confidence(), beside())}, only_the_table(), proof, SyncDirection::forward));
  REQUIRE(sql.size() == 8);
  CHECK(sql[0] == "LOCK TABLE \"public\".\"signals\" IN ACCESS EXCLUSIVE MODE");
  CHECK_THAT(sql[1], Catch::Contains("backfill.locked_at"));
  CHECK_THAT(sql[2], Catch::Contains("'10:20:'::pg_snapshot"));
  CHECK(sql[3] ==
        "ALTER TABLE \"public\".\"signals\" RENAME COLUMN \"confidence\" TO "
        "\"confidence__backfill_old\"");
  CHECK(sql[4] ==
        "ALTER TABLE \"public\".\"signals\" RENAME COLUMN \"confidence__backfill_new\" TO "
        "\"confidence\"");
  CHECK_THAT(sql[6], Catch::Contains("NEW.\"confidence__backfill_old\" := (SELECT (\n"
                                     "confidence::numeric(10,4)\n)"));
  CHECK_THAT(sql[6], Catch::Contains("changed := (ROW(NEW.\"confidence\")::record "
                                     "OPERATOR(pg_catalog.*<>) ROW(OLD.\"confidence\")::record)"));
  CHECK_THAT(sql[7], Catch::Contains("locked_ms"));

  const std::vector<std::string> back = texts(
      switch_ddl({facts_of(confidence(), after())}, only_the_table(), proof, SyncDirection::back));
  CHECK(back[3] ==
        "ALTER TABLE \"public\".\"signals\" RENAME COLUMN \"confidence\" TO "
        "\"confidence__backfill_new\"");
  CHECK(back[4] ==
        "ALTER TABLE \"public\".\"signals\" RENAME COLUMN \"confidence__backfill_old\" TO "
        "\"confidence\"");
  CHECK_THAT(back[6], Catch::Contains("NEW.\"confidence__backfill_new\" := "));
}

TEST_CASE("a_lock_that_a_view_brings_is_timed_from_its_first_statement") {
  CarrySwitch carry = only_the_table();
  carry.view_locks = {"ALTER VIEW a OWNER TO o", "ALTER VIEW b OWNER TO o"};
  carry.unchanged = "DO still";
  carry.views = {"DROP VIEW a", "DROP VIEW b"};
  const SwitchProof proof{"wider", {{R"("public"."signals")", "10:20:"}}};
  const std::vector<std::string> sql =
      texts(switch_ddl({facts_of(confidence(), beside())}, carry, proof, SyncDirection::forward));
  CHECK(sql[0] == "DO still");
  CHECK(sql[1] == "ALTER VIEW a OWNER TO o");
  CHECK_THAT(sql[2], Catch::Contains("backfill.locked_at"));
  CHECK(sql[3] == "ALTER VIEW b OWNER TO o");
  CHECK_THAT(sql[4], Catch::StartsWith("LOCK TABLE"));
  CHECK_THAT(sql[5], Catch::Contains("BF006"));
  CHECK(sql[6] == "DO still");
  CHECK(sql[7] == "DROP VIEW a");
  CHECK(sql[8] == "DROP VIEW b");
}

TEST_CASE("a_switch_refuses_a_trigger_that_was_touched_since_the_proof") {
  SwitchProof proof{"wider", {{R"("public"."signals")", "10:20:"}}, {}};
  const std::vector<SyncFacts> tables{facts_of(confidence(), beside())};
  const auto all = [&] {
    std::string text;
    for (const std::string& sql :
         texts(switch_ddl(tables, only_the_table(), proof, SyncDirection::forward))) {
      text += sql;
    }
    return text;
  };
  CHECK_THAT(all(), !Catch::Contains("BF005"));
  proof.triggers[R"("public"."signals")"] = "17 4711 A";
  CHECK_THAT(all(), Catch::Contains("IS DISTINCT FROM '17 4711 A' THEN") &&
                        Catch::Contains("the trigger on public.signals was disabled") &&
                        Catch::Contains("BF005"));
}

TEST_CASE("an_explicit_back_says_what_becomes_of_values_and_the_default_loses_nothing") {
  const std::string there =
      "(SELECT (\nconfidence::double precision\n) FROM (SELECT "
      "\"signals\".\"confidence__backfill_old\" AS \"confidence\") AS \"signals\")::double "
      "precision";
  const std::string unlike =
      "(ROW(\"signals\".\"confidence\")::record OPERATOR(pg_catalog.*<>) ROW(" + there +
      ")::record)";
  const Job told = backward_job(confidence(), after());
  CHECK(told.where ==
        "CASE WHEN " + unlike +
            " THEN (ROW(\"signals\".\"confidence__backfill_old\")::record "
            "OPERATOR(pg_catalog.*<>) ROW((\nconfidence::numeric(10,4)\n)::numeric(10,4))::record) "
            "ELSE false END");
  CHECK(BackfillSql(told, after(), {false}).proof() == Proof::where_remaining);
  REQUIRE(handled_job(confidence(), after()));

  Job untold = confidence();
  untold.type_copy.columns[0].back.reset();
  CHECK(backward_job(untold, after()).where == unlike);
  CHECK(BackfillSql(backward_job(untold, after()), after(), {false}).proof() ==
        Proof::where_remaining);
  CHECK_FALSE(handled_job(untold, after()));
}

TEST_CASE("drop_removes_the_trigger_and_the_column_that_is_not_in_use") {
  CHECK(texts(drop_ddl({facts_of(confidence(), after())}, CopyStage::switched)) ==
        std::vector<std::string>{
            "DROP TRIGGER IF EXISTS \"~wider__backfill_sync\" ON \"public\".\"signals\"",
            "DROP FUNCTION IF EXISTS \"backfill\".\"wider__backfill_sync\"()",
            "ALTER TABLE \"public\".\"signals\" DROP COLUMN IF EXISTS "
            "\"confidence__backfill_old\""});
  CHECK_THAT(texts(drop_ddl({facts_of(confidence(), beside())}, CopyStage::added)).back(),
             Catch::EndsWith("DROP COLUMN IF EXISTS \"confidence__backfill_new\""));
}

TEST_CASE("names_that_are_too_long_keep_apart") {
  const std::string a(60, 'a');
  const std::string b = a + "b";
  CHECK(sync_trigger(a, "").size() <= 63);
  CHECK(sync_trigger(a, "") != sync_trigger(b, ""));
  CHECK(sync_function("job", "orders") == "job_orders__backfill_sync");
}

}  // namespace backfill
