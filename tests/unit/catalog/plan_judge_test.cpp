#include "catalog/plan_judge.hpp"

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

namespace backfill {
namespace {

/// What PostgreSQL 15 printed for batch statements.
std::string plan(const std::string& name) {
  std::ifstream file(std::string{BACKFILL_SOURCE_DIR} + "/tests/unit/catalog/plans/" + name +
                     ".json");
  REQUIRE(file);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

JudgedTable table_t(std::int64_t pages = 400) {
  JudgedTable table;
  table.relations = {{"public", "t", pages}};
  table.indexes = {{"public", "t_pkey", "id"},
                   {"public", "t_pending", "a"},
                   {"public", "t_a", "a"},
                   {"public", "t_flag_id", "flag"}};
  table.key_column = "id";
  return table;
}

JudgedTable table_parts() {
  JudgedTable table;
  table.relations = {{"public", "parts_1", 200}, {"public", "parts_2", 400}};
  table.indexes = {{"public", "parts_1_pkey", "id"}, {"public", "parts_2_pkey", "id"}};
  table.key_column = "id";
  return table;
}

}  // namespace

TEST_CASE("scans_bounded_by_the_key_are_good") {
  for (const char* name : {"index_scan", "bitmap_scan", "tid_range", "contradiction",
                           "other_table_subquery", "other_index_bounded"}) {
    INFO(name);
    const PlanJudgement judgement = judge_plan(plan(name), table_t());
    CHECK(judgement.good);
    CHECK(judgement.reason.empty());
  }
}

TEST_CASE("a_quoted_key_column_is_found_in_a_row_comparison") {
  JudgedTable table;
  table.relations = {{"public", "c", 400}};
  table.indexes = {{"public", "c_pkey", "K 1"}};
  table.key_column = "K 1";
  CHECK(judge_plan(plan("composite"), table).good);
  table.key_column = "K";
  CHECK_FALSE(judge_plan(plan("composite"), table).good);
}

TEST_CASE("a_scan_of_the_whole_table_is_refused_unless_it_is_small") {
  const PlanJudgement judgement = judge_plan(plan("seq_scan"), table_t());
  CHECK_FALSE(judgement.good);
  CHECK(judgement.reason == "each batch would read all of public.t (Seq Scan, 400 pages)");
  CHECK(judge_plan(plan("seq_scan"), table_t(pages_worth_an_index)).good);
}

TEST_CASE("a_walk_through_a_whole_index_is_refused") {
  const PlanJudgement partial = judge_plan(plan("partial_index"), table_t());
  CHECK(partial.reason ==
        "each batch would walk through the whole index t_pending of public.t (it has no Index "
        "Cond)");
  const PlanJudgement walked = judge_plan(plan("other_index_walked"), table_t());
  CHECK_THAT(walked.reason, Catch::Contains("whole index t_flag_id of public.t (Index Cond: "));
  const PlanJudgement arm = judge_plan(plan("bitmap_or"), table_t());
  CHECK_THAT(arm.reason, Catch::Contains("whole index t_a"));
}

TEST_CASE("partitions_are_judged_as_the_target") {
  CHECK(judge_plan(plan("partitioned"), table_parts()).good);
  const PlanJudgement judgement = judge_plan(plan("partition_read_whole"), table_parts());
  CHECK_THAT(judgement.reason, Catch::Contains("all of public.parts_1"));
}

TEST_CASE("a_subquery_that_reads_the_target_for_each_batch_is_refused") {
  const PlanJudgement judgement = judge_plan(plan("own_table_subquery"), table_t());
  CHECK_THAT(judgement.reason, Catch::Contains("a subquery of an expression would read all"));
}

TEST_CASE("a_table_of_the_same_name_in_another_schema_is_not_the_target") {
  JudgedTable table = table_t();
  table.relations[0].schema = "elsewhere";
  CHECK(judge_plan(plan("seq_scan"), table).good);
}

TEST_CASE("what_is_no_plan_is_not_good") {
  CHECK_FALSE(judge_plan("", table_t()).good);
  CHECK_FALSE(judge_plan("[{\"Query\": 1}]", table_t()).good);
}

TEST_CASE("a_plan_is_shown_with_its_indexes_and_conditions") {
  CHECK(plan_text(plan("index_scan")) ==
        "ModifyTable on public.t\n"
        "  Index Scan using t_pkey on public.t\n"
        "      Index Cond: ((t.id > $1) AND (t.id <= $2))\n");
}

}  // namespace backfill
