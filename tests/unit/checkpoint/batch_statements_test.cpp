#include "checkpoint/batch_statements.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace backfill {
namespace {

using Params = std::vector<pg::Param>;

Fence some_fence() {
  Fence fence;
  fence.sweep = {.job = JobId{7}, .phase = "copy", .pass = 1};
  fence.epoch = Epoch{3};
  return fence;
}

Batch some_batch() {
  Batch batch;
  batch.range = RangeId{5};
  batch.bounds.after = KeyValue{"10", "a\"b"};
  batch.bounds.through = KeyValue{"20", "c"};
  batch.keys = RowCount{12};
  batch.keys_done = RowCount{9};
  batch.closes_range = true;
  batch.settlements = Settlements{2};
  batch.record = {{.range = RangeId{4}, .rows = RowCount{100}},
                  {.range = RangeId{5}, .rows = RowCount{8}}};
  return batch;
}

Target some_target() {
  Target target;
  target.table = {.schema = "public", .name = "users"};
  target.key.columns = {{.name = "id", .type = "bigint"}};
  return target;
}

std::vector<std::string> texts(const std::vector<pg::Statement>& statements) {
  std::vector<std::string> all;
  for (const pg::Statement& statement : statements) all.push_back(statement.sql);
  return all;
}

}  // namespace

TEST_CASE("settings_are_one_statement_for_the_transaction_alone") {
  TransactionSettings settings;
  settings.search_path = "app, public";
  const pg::Statement statement = settings_statement(settings);
  CHECK(statement.sql ==
        "SELECT pg_catalog.set_config('lock_timeout', $1, true), "
        "pg_catalog.set_config('statement_timeout', $2, true), "
        "pg_catalog.set_config('idle_in_transaction_session_timeout', $3, true), "
        "pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true), "
        "pg_catalog.set_config('synchronous_commit', 'off', true), "
        "pg_catalog.set_config('search_path', $4, true)");
  CHECK(statement.params == Params{"1000", "30000", "60000", "app, public"});
  CHECK(statement.prepared);
}

TEST_CASE("settings_never_switch_a_timeout_off") {
  TransactionSettings settings;
  settings.lock_timeout = Duration{1};
  CHECK(settings_statement(settings).params.front() == "1");
}

TEST_CASE("settings_bypass_triggers_only_when_asked") {
  TransactionSettings settings;
  CHECK(settings_statement(settings).sql.find("session_replication_role") == std::string::npos);
  settings.bypass_triggers = true;
  CHECK(settings_statement(settings).sql.find(
            "set_config('session_replication_role', 'replica', true)") != std::string::npos);
}

TEST_CASE("a_synchronous_transaction_keeps_a_stronger_level_of_the_session") {
  TransactionSettings settings;
  settings.synchronous = true;
  CHECK(settings_statement(settings).sql.find("WHEN 'off' THEN 'on' ELSE") != std::string::npos);
}

TEST_CASE("checkpoint_carries_fence_move_and_counts") {
  const pg::Statement statement = checkpoint_statement(some_fence(), some_batch(), 16400);
  CHECK(statement.sql ==
        "SELECT backfill.checkpoint($1::bigint, $2::text, $3::integer, $4::bigint, $5::bigint, "
        "$6::bigint, $7::integer, $8::text[], $9::text[], $10::bigint, $11::boolean, "
        "$12::boolean, $13::bigint[], $14::bigint[]), "
        "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'), "
        "pg_catalog.set_config('backfill.rows_before', backfill.rows_written($15::oid)::text, "
        "true)");
  CHECK(statement.params == Params{"7", "copy", "1", "5", "3", "2", "0", R"({"10","a\"b"})",
                                   R"({"20","c"})", "9", "f", "t", "{4,5}", "{100,8}", "16400"});
}

TEST_CASE("checkpoint_of_a_stripes_end_names_the_stripe_it_expects") {
  Batch batch = some_batch();
  batch.closes_range = false;
  batch.stripe = {.no = 2, .of = 4};
  batch.ends_stripe = true;
  const pg::Statement statement = checkpoint_statement(some_fence(), batch, 16400);
  CHECK(statement.params[6] == "2");
  CHECK(statement.params[10] == "t");
  CHECK(statement.params[11] == "f");
}

TEST_CASE("checkpoint_of_a_range_without_lower_end_expects_no_cursor") {
  Batch batch = some_batch();
  batch.bounds.after.reset();
  CHECK(checkpoint_statement(some_fence(), batch, 16400).params[7] == std::nullopt);
}

TEST_CASE("copy_batch_writes_its_checkpoint_before_it_touches_a_row") {
  pg::Statement change;
  change.sql = "UPDATE t SET a = 1";
  const auto statements = copy_batch_statements(some_fence(), {}, some_batch(), 16400, change);
  REQUIRE(statements.size() == 6);
  CHECK(statements.front().sql == "BEGIN ISOLATION LEVEL READ COMMITTED");
  CHECK(statements[after_change_position].sql ==
        "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'), "
        "backfill.record_batch($1::bigint, $2::text, $3::integer, $4::bigint, "
        "backfill.rows_written($5::oid) - "
        "pg_catalog.current_setting('backfill.rows_before')::bigint)");
  CHECK(statements[after_change_position].params == Params{"7", "copy", "1", "5", "16400"});
  CHECK(statements[before_change_position].sql.starts_with("SELECT backfill.checkpoint("));
  CHECK(statements[before_change_position].flush_after);
  CHECK(statements[change_position].sql == "UPDATE t SET a = 1");
  CHECK(statements[change_position].flush_after);
  CHECK(statements.back().sql == "COMMIT");
}

TEST_CASE("the_wal_of_a_batch_is_what_the_server_wrote_during_its_change") {
  std::vector<pg::StatementResult> results(6);
  results[before_change_position].rows.values = {{"", "5368709120"}};
  results[after_change_position].rows.values = {{"5368713216", "12"}};
  CHECK(read_wal(results) == ByteCount(4096));
  CHECK(read_recorded(results) == RowCount{12});
  results[after_change_position].rows.values = {{"5368713216", std::nullopt}};
  CHECK_FALSE(read_recorded(results).has_value());
  results[after_change_position].rows.values.clear();
  CHECK_FALSE(read_wal(results).has_value());
  CHECK_FALSE(read_recorded(results).has_value());
}

TEST_CASE("verify_batch_counts_and_checkpoints_in_one_statement") {
  pg::Statement count;
  count.sql = "SELECT 1, 2 WHERE $1 < $2";
  count.params = {"x", "y"};
  const auto statements = verify_batch_statements(some_fence(), {}, some_batch(), count);
  REQUIRE(statements.size() == 4);
  CHECK(statements[before_count_position].flush_after);
  const pg::Statement& counting = statements[count_position];
  CHECK(counting.sql ==
        "SELECT counted.differing, counted.unchangeable, backfill.checkpoint_verify($3::bigint, "
        "$4::text, $5::integer, $6::bigint, $7::bigint, $8::bigint, $9::text[], $10::text[], "
        "$11::bigint, $12::boolean, counted.differing, counted.unchangeable, counted.compared, "
        "counted.held, counted.expected) FROM (\nSELECT 1, 2 WHERE $1 < "
        "$2\n) AS counted (differing, unchangeable, compared, held, expected)");
  CHECK(counting.params == Params{"x", "y", "7", "copy", "1", "5", "3", "2", R"({"10","a\"b"})",
                                  R"({"20","c"})", "9", "t"});
}

TEST_CASE("open_close_and_settle_name_their_range") {
  OpenRange open;
  open.range = RangeId{2};
  open.bounds.through = KeyValue{"9"};
  open.keys = RowCount{4};
  open.stripes = 8;
  const auto opening = open_range_statements(some_fence(), {}, open);
  CHECK(opening[2].params ==
        Params{"7", "copy", "1", "2", "3", std::nullopt, R"({"9"})", "4", "8"});

  CloseRange close;
  close.range = RangeId{2};
  close.cursor = KeyValue{"9"};
  close.record = {{.range = RangeId{2}, .rows = RowCount{4}}};
  close.settlements = Settlements{6};
  CHECK(close_range_statements(some_fence(), {}, close, Purpose::copy)[2].params ==
        Params{"7", "copy", "1", "2", "3", "6", R"({"9"})", "{2}", "{4}"});
  CHECK(close_range_statements(some_fence(), {}, close, Purpose::verify)[2].params ==
        Params{"7", "copy", "1", "2", "3", "6", R"({"9"})", "{}", "{}"});

  SettleRange settle;
  settle.range = RangeId{2};
  settle.raise_to = Settlements{7};
  const auto settling = settle_range_statements(some_fence(), {}, settle);
  CHECK(settling[settle_position].params == Params{"7", "copy", "1", "2", "3", "7"});
}

TEST_CASE("settled_range_is_read_with_its_open_count") {
  pg::Rows rows;
  rows.values = {{R"({10})", "f", "t", "745", std::nullopt, R"({20})", "3", "0"}};
  SettledRange expected;
  expected.cursor = KeyValue{"10"};
  expected.uncounted = true;
  expected.last_xid = "745";
  expected.last_through = KeyValue{"20"};
  expected.stripe = 3;
  CHECK(read_settled(rows) == expected);
}

TEST_CASE("nothing_to_record_sends_nothing") {
  CHECK(record_statements(some_fence(), {}, {}, Purpose::copy).empty());
  const std::vector<RowsToRecord> record = {{.range = RangeId{1}, .rows = RowCount{1}}};
  CHECK(record_statements(some_fence(), {}, record, Purpose::verify).empty());
  CHECK(texts(record_statements(some_fence(), {}, record, Purpose::copy)).size() == 4);
}

TEST_CASE("lost_count_is_taken_from_the_rows_the_transaction_wrote") {
  KeyRange last;
  last.after = KeyValue{"10"};
  last.through = KeyValue{"20"};
  const pg::Statement statement =
      count_uncounted_statement(some_fence(), some_target(), RangeId{5}, last, "745");
  CHECK(statement.sql ==
        "WITH counted AS (SELECT pg_catalog.count(*) AS row_count FROM \"public\".\"users\" WHERE "
        "\"users\".\"id\" > $1::bigint AND \"users\".\"id\" <= $2::bigint AND "
        "\"users\".xmin = $8::text::xid8::xid), recorded AS (UPDATE backfill.ranges r "
        "SET rows_changed = r.rows_changed + counted.row_count, uncounted = false FROM counted "
        "WHERE r.job_id = $3::bigint AND r.phase = $4::text AND r.pass = $5::integer AND r.no = "
        "$6::bigint AND r.epoch = $7::bigint AND r.uncounted AND r.last_xid = $8::text::xid8 "
        "RETURNING counted.row_count) SELECT coalesce((SELECT row_count FROM recorded), 0)");
  CHECK(statement.params == Params{"10", "20", "7", "copy", "1", "5", "3", "745"});
}

}  // namespace backfill
