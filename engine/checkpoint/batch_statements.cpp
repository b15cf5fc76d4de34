#include "checkpoint/batch_statements.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {
namespace {

pg::Param key_param(const std::optional<KeyValue>& key) {
  if (!key) return std::nullopt;
  return pg::text_array(*key);
}

pg::Param bool_param(bool value) {
  return value ? "t" : "f";
}

std::vector<pg::Param> fence_params(const Fence& fence, RangeId range) {
  return {std::to_string(fence.sweep.job.value), fence.sweep.phase,
          std::to_string(fence.sweep.pass), std::to_string(range.value),
          std::to_string(fence.epoch.value)};
}

std::vector<pg::Param> fence_params(const Fence& fence, RangeId range, Settlements settlements) {
  std::vector<pg::Param> params = fence_params(fence, range);
  params.emplace_back(std::to_string(settlements.value));
  return params;
}

void append_record(std::vector<pg::Param>& params, const std::vector<RowsToRecord>& record) {
  std::vector<std::int64_t> ranges;
  std::vector<std::int64_t> rows;
  for (const RowsToRecord& entry : record) {
    ranges.push_back(entry.range.value);
    rows.push_back(entry.rows.value);
  }
  params.emplace_back(pg::integer_array(ranges));
  params.emplace_back(pg::integer_array(rows));
}

void append_bounds(std::vector<pg::Param>& params, const Batch& batch) {
  // A batch without an upper end would move the cursor to nowhere.
  if (!batch.bounds.through) std::abort();
  params.push_back(key_param(batch.bounds.after));
  params.push_back(key_param(batch.bounds.through));
  params.emplace_back(std::to_string(batch.keys_done.value));
}

pg::Statement prepared(std::string sql, std::vector<pg::Param> params) {
  return {
      .sql = std::move(sql), .params = std::move(params), .flush_after = false, .prepared = true};
}

std::vector<pg::Statement> one(pg::Statement statement) {
  std::vector<pg::Statement> statements;
  statements.push_back(std::move(statement));
  return statements;
}

}  // namespace

std::vector<pg::Param> checkpoint_params(const Fence& fence, const Batch& batch) {
  std::vector<pg::Param> params = fence_params(fence, batch.range, batch.settlements);
  params.emplace_back(std::to_string(batch.stripe.no));
  append_bounds(params, batch);
  params.push_back(bool_param(batch.ends_stripe));
  params.push_back(bool_param(batch.closes_range));
  append_record(params, batch.record);
  return params;
}

pg::Statement checkpoint_statement(const Fence& fence, const Batch& batch, std::uint32_t table) {
  std::vector<pg::Param> params = checkpoint_params(fence, batch);
  params.emplace_back(std::to_string(table));
  return prepared(
      "SELECT backfill.checkpoint($1::bigint, $2::text, $3::integer, $4::bigint, $5::bigint, "
      "$6::bigint, $7::integer, $8::text[], $9::text[], $10::bigint, $11::boolean, $12::boolean, "
      "$13::bigint[], $14::bigint[]), "
      "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'), "
      "pg_catalog.set_config('backfill.rows_before', "
      "backfill.rows_written($15::oid)::text, true)",
      std::move(params));
}

std::vector<pg::Statement> copy_batch_statements(const Fence& fence,
                                                 const TransactionSettings& settings,
                                                 const Batch& batch, std::uint32_t table,
                                                 pg::Statement change) {
  pg::Statement checkpoint = checkpoint_statement(fence, batch, table);
  checkpoint.flush_after = true;
  change.flush_after = true;
  std::vector<pg::Statement> statements = one(std::move(checkpoint));
  statements.push_back(std::move(change));
  std::vector<pg::Param> of_batch = {std::to_string(fence.sweep.job.value), fence.sweep.phase,
                                     std::to_string(fence.sweep.pass),
                                     std::to_string(batch.range.value), std::to_string(table)};
  statements.push_back(
      prepared("SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0'), "
               "backfill.record_batch($1::bigint, $2::text, $3::integer, $4::bigint, "
               "backfill.rows_written($5::oid) - "
               "pg_catalog.current_setting('backfill.rows_before')::bigint)",
               std::move(of_batch)));
  return in_transaction(settings, std::move(statements));
}

std::optional<ByteCount> read_wal(const std::vector<pg::StatementResult>& results) {
  const pg::Rows& before = results[before_change_position].rows;
  const pg::Rows& after = results[after_change_position].rows;
  if (before.values.size() != 1 || after.values.size() != 1) return std::nullopt;
  const std::int64_t grown =
      pg::integer_field(after.values.front(), 0) - pg::integer_field(before.values.front(), 1);
  return ByteCount{std::max<std::int64_t>(0, grown)};
}

std::optional<RowCount> read_recorded(const std::vector<pg::StatementResult>& results) {
  const pg::Rows& after = results[after_change_position].rows;
  if (after.values.size() != 1 || pg::is_null(after.values.front(), 1)) return std::nullopt;
  return RowCount{pg::integer_field(after.values.front(), 1)};
}

std::vector<pg::Statement> verify_batch_statements(const Fence& fence,
                                                   const TransactionSettings& settings,
                                                   const Batch& batch, pg::Statement count) {
  const std::size_t bounds = count.params.size();
  std::vector<pg::Param> params = fence_params(fence, batch.range, batch.settlements);
  append_bounds(params, batch);
  params.push_back(bool_param(batch.closes_range));
  std::string arguments;
  constexpr std::string_view types[] = {"bigint", "text",   "integer", "bigint", "bigint",
                                        "bigint", "text[]", "text[]",  "bigint", "boolean"};
  for (std::size_t i = 0; i < std::size(types); ++i) {
    arguments += fmt::format("${}::{}, ", bounds + i + 1, types[i]);
  }
  std::string sql = fmt::format(
      "SELECT counted.differing, counted.unchangeable, backfill.checkpoint_verify({}"
      "counted.differing, counted.unchangeable, counted.compared, counted.held, counted.expected) "
      "FROM (\n{}\n) AS counted (differing, unchangeable, compared, held, expected)",
      arguments, count.sql);
  std::vector<pg::Param> all = std::move(count.params);
  all.insert(all.end(), params.begin(), params.end());
  pg::Statement statement = prepared(std::move(sql), std::move(all));
  statement.flush_after = true;
  std::vector<pg::Statement> statements = in_transaction(settings, one(std::move(statement)));
  statements[before_count_position].flush_after = true;
  return statements;
}

std::vector<pg::Statement> open_range_statements(const Fence& fence,
                                                 const TransactionSettings& settings,
                                                 const OpenRange& range) {
  std::vector<pg::Param> params = fence_params(fence, range.range);
  params.push_back(key_param(range.bounds.after));
  params.push_back(key_param(range.bounds.through));
  params.emplace_back(std::to_string(range.keys.value));
  params.emplace_back(std::to_string(range.stripes));
  return in_transaction(
      settings, one(prepared("SELECT backfill.open_range($1::bigint, $2::text, $3::integer, "
                             "$4::bigint, $5::bigint, $6::text[], $7::text[], $8::bigint, "
                             "$9::integer)",
                             std::move(params))));
}

std::vector<pg::Statement> close_range_statements(const Fence& fence,
                                                  const TransactionSettings& settings,
                                                  const CloseRange& range, Purpose purpose) {
  std::vector<pg::Param> params = fence_params(fence, range.range, range.settlements);
  params.push_back(key_param(range.cursor));
  append_record(params, purpose == Purpose::verify ? std::vector<RowsToRecord>{} : range.record);
  return in_transaction(
      settings, one(prepared("SELECT backfill.close_range($1::bigint, $2::text, $3::integer, "
                             "$4::bigint, $5::bigint, $6::bigint, $7::text[], $8::bigint[], "
                             "$9::bigint[])",
                             std::move(params))));
}

std::vector<pg::Statement> settle_range_statements(const Fence& fence,
                                                   const TransactionSettings& settings,
                                                   const SettleRange& range) {
  return in_transaction(settings,
                        one(prepared("SELECT settled_cursor, settled_closed, settled_uncounted, "
                                     "settled_xid, settled_after, settled_through, settled_stripe, "
                                     "settled_rows "
                                     "FROM backfill.settle_range("
                                     "$1::bigint, $2::text, $3::integer, $4::bigint, $5::bigint, "
                                     "$6::bigint)",
                                     fence_params(fence, range.range, range.raise_to))));
}

std::vector<pg::Statement> record_statements(const Fence& fence,
                                             const TransactionSettings& settings,
                                             const std::vector<RowsToRecord>& record,
                                             Purpose purpose) {
  if (record.empty() || purpose == Purpose::verify) return {};
  std::vector<pg::Param> params = {std::to_string(fence.sweep.job.value), fence.sweep.phase,
                                   std::to_string(fence.sweep.pass),
                                   std::to_string(fence.epoch.value)};
  append_record(params, record);
  return in_transaction(
      settings, one(prepared("SELECT backfill.record_rows($1::bigint, $2::text, $3::integer, "
                             "$4::bigint, $5::bigint[], $6::bigint[])",
                             std::move(params))));
}

SettledRange read_settled(const pg::Rows& rows) {
  if (rows.values.size() != 1) std::abort();
  const pg::Row& row = rows.values.front();
  SettledRange settled;
  if (!pg::is_null(row, 0)) settled.cursor = pg::parse_text_array(pg::text_field(row, 0));
  settled.closed = pg::bool_field(row, 1);
  settled.uncounted = pg::bool_field(row, 2);
  settled.last_xid = pg::text_field(row, 3);
  if (!pg::is_null(row, 4)) settled.last_after = pg::parse_text_array(pg::text_field(row, 4));
  if (!pg::is_null(row, 5)) settled.last_through = pg::parse_text_array(pg::text_field(row, 5));
  settled.stripe = static_cast<int>(pg::integer_field(row, 6));
  settled.last_rows = RowCount{pg::integer_field(row, 7)};
  return settled;
}

pg::Statement count_uncounted_statement(const Fence& fence, const Target& target, RangeId range,
                                        const KeyRange& last_batch, const std::string& last_xid) {
  pg::Statement statement;
  for (std::string& value : bound_values(last_batch)) {
    statement.params.emplace_back(std::move(value));
  }
  const std::size_t n = statement.params.size();
  for (pg::Param& param : fence_params(fence, range)) statement.params.push_back(std::move(param));
  statement.params.emplace_back(last_xid);
  const std::string table = quote_name(target.table);
  const std::string name = quote_identifier(target.table.name);
  statement.sql = fmt::format(
      "WITH counted AS (SELECT pg_catalog.count(*) AS row_count FROM {table} WHERE {predicate} AND "
      "{name}.xmin = ${xid}::text::xid8::xid), recorded AS (UPDATE backfill.ranges r SET "
      "rows_changed = r.rows_changed + counted.row_count, uncounted = false FROM counted WHERE "
      "r.job_id = ${job}::bigint AND r.phase = ${phase}::text AND r.pass = ${pass}::integer AND "
      "r.no = ${no}::bigint AND r.epoch = ${epoch}::bigint AND r.uncounted AND r.last_xid = "
      "${xid}::text::xid8 RETURNING counted.row_count) SELECT coalesce("
      "(SELECT row_count FROM recorded), 0)",
      fmt::arg("table", table), fmt::arg("name", name),
      fmt::arg("predicate", key_predicate(target, shape_of(last_batch))), fmt::arg("xid", n + 6),
      fmt::arg("job", n + 1), fmt::arg("phase", n + 2), fmt::arg("pass", n + 3),
      fmt::arg("no", n + 4), fmt::arg("epoch", n + 5));
  return statement;
}

}  // namespace backfill
