#include "run/rehearse_trial.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pg/field.hpp"
#include "pg/roll_back.hpp"

namespace backfill::run {

namespace {

/// Beyond the server's own timeouts: the way there and back.
constexpr Duration answer_grace = std::chrono::seconds{5};

/// $1 the table. How many versions this session has written to it and its partitions, and where the
/// log stands. The counters may still hold those of earlier transactions: only a difference within
/// one transaction, in which they are never handed on, means something.
constexpr const char* counts_sql = R"(
WITH tree AS (SELECT relid::oid AS oid FROM pg_catalog.pg_partition_tree($1::oid)
              UNION SELECT $1::oid)
SELECT pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_updated(oid))::bigint,
       pg_catalog.sum(pg_catalog.pg_stat_get_xact_tuples_hot_updated(oid))::bigint,
       (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint
FROM tree)";

pg::Statement plain(std::string sql) {
  pg::Statement statement;
  statement.sql = std::move(sql);
  return statement;
}

pg::Statement counts_statement(const Target& target) {
  pg::Statement statement = plain(counts_sql);
  statement.params.emplace_back(std::to_string(target.oid));
  return statement;
}

pg::Statement ranged(std::string sql, const KeyRange& range) {
  pg::Statement statement = plain(std::move(sql));
  for (std::string& value : bound_values(range)) statement.params.emplace_back(std::move(value));
  return statement;
}

/// The first visit of several.
void add_stripe(const RehearsedJob& job, pg::Statement* statement) {
  statement->params.emplace_back(std::to_string(job.stripes - 1));
  statement->params.emplace_back("0");
}

pg::Statement batch_statement(const RehearsedJob& job, const KeyRange& range, bool striped) {
  const BoundShape shape = shape_of(range);
  if (!job.writes) return ranged(job.looks.compute(shape), range);
  pg::Statement statement =
      ranged(measured(striped ? job.sql.copy_stripe(shape) : job.sql.copy(shape)), range);
  if (striped) add_stripe(job, &statement);
  return statement;
}

KeyValue key_of(const pg::Row& row, std::size_t width) {
  KeyValue key;
  for (std::size_t i = 0; i < width; ++i) key.push_back(pg::text_field(row, i));
  return key;
}

/// The key of `samples` and `held`, and the columns behind it: for each of `set` one or two.
std::vector<SampleRow> read_samples(const RehearsedJob& job, const pg::Rows& rows) {
  const std::size_t width = job.target.key.columns.size();
  std::vector<SampleRow> samples;
  for (const pg::Row& row : rows.values) {
    SampleRow sample;
    sample.key = to_string(KeyRange{{}, key_of(row, width)}, RowCount{1});
    for (std::size_t i = 0; i < job.job.set.size(); ++i) {
      sample.values.push_back({job.job.set[i].column, pg::field(row, width + 2 * i),
                               pg::field(row, width + 2 * i + 1)});
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

/// What the rows hold after the batch, triggers and all, in place of what was expected.
void take_held(const RehearsedJob& job, const pg::Rows& rows, std::vector<SampleRow>* samples) {
  const std::size_t width = job.target.key.columns.size();
  for (const pg::Row& row : rows.values) {
    const std::string key = to_string(KeyRange{{}, key_of(row, width)}, RowCount{1});
    const auto sample = std::ranges::find(*samples, key, &SampleRow::key);
    if (sample == samples->end()) continue;
    for (std::size_t i = 0; i < sample->values.size(); ++i) {
      sample->values[i].after = pg::field(row, width + i);
    }
  }
}

/// Of EXPLAIN (ANALYZE, WAL, FORMAT JSON).
void read_measured(const std::string& text, Trial* trial) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array() || json.empty()) return;
  const nlohmann::json& top = json[0];
  trial->seconds = (top.value("Execution Time", 0.0) + top.value("Planning Time", 0.0)) / 1000.0;
  if (top.contains("Plan")) {
    trial->wal_bytes = top["Plan"].value("WAL Bytes", std::int64_t{0});
    trial->wal_images = top["Plan"].value("WAL FPI", std::int64_t{0});
  }
  if (!top.contains("Triggers")) return;
  for (const nlohmann::json& trigger : top["Triggers"]) {
    const std::string constraint = trigger.value("Constraint Name", std::string{});
    const std::string name = trigger.value("Trigger Name", std::string{"a trigger"});
    trial->triggers.push_back(constraint.empty() ? name : constraint);
    trial->trigger_seconds += trigger.value("Time", 0.0) / 1000.0;
  }
}

struct Opened {
  std::vector<SampleRow> samples;
  std::vector<KeyValue> keys;
  std::int64_t updated = 0;
  std::int64_t hot = 0;
  std::int64_t wal = 0;
};

/// BEGIN, the settings of a batch, and what the first rows hold.
asio::awaitable<Result<Opened>> open_trial(pg::Connection* connection, const RehearsedJob* job,
                                           KeyRange range, int samples) {
  std::vector<pg::Statement> statements;
  statements.push_back(begin_statement());
  statements.push_back(settings_statement(job->settings));
  for (const std::string& add : job->adds) statements.push_back(plain(add));
  const std::size_t counts_position = statements.size();
  statements.push_back(counts_statement(job->target));
  if (samples > 0) {
    const bool striped = job->writes && job->stripes > 1;
    pg::Statement look = ranged(job->looks.samples(shape_of(range), striped), range);
    if (striped) add_stripe(*job, &look);
    look.params.emplace_back(std::to_string(samples));
    statements.push_back(std::move(look));
  }
  const Duration deadline = job->settings.statement_timeout + answer_grace;
  const pg::PipelineResult sent = co_await connection->pipeline(std::move(statements), deadline);
  if (sent.error) co_return *sent.error;
  Opened opened;
  const pg::Row& counts = sent.results[counts_position].rows.values.front();
  opened.updated = pg::integer_field(counts, 0);
  opened.hot = pg::integer_field(counts, 1);
  opened.wal = pg::integer_field(counts, 2);
  if (samples > 0) {
    const std::size_t width = job->target.key.columns.size();
    const pg::Rows& seen = sent.results[counts_position + 1].rows;
    opened.samples = read_samples(*job, seen);
    for (const pg::Row& row : seen.values) opened.keys.push_back(key_of(row, width));
  }
  co_return opened;
}

asio::awaitable<Result<Trial>> run_trial(pg::Connection* connection, const RehearsedJob* job,
                                         KeyRange range, Opened opened, bool whole) {
  std::vector<pg::Statement> statements;
  pg::Statement batch = batch_statement(*job, range, job->stripes > 1 && !whole);
  batch.flush_after = true;
  statements.push_back(std::move(batch));
  // What is deferred to the end of the transaction would otherwise never be looked at.
  if (job->writes) statements.push_back(plain("SET CONSTRAINTS ALL IMMEDIATE"));
  statements.push_back(counts_statement(job->target));
  const bool looks = job->writes && !opened.keys.empty();
  if (looks) {
    pg::Statement held = plain(job->looks.held(opened.keys.size()));
    for (const KeyValue& key : opened.keys) {
      for (const std::string& part : key) held.params.emplace_back(part);
    }
    statements.push_back(std::move(held));
  }
  const std::size_t counts_position = job->writes ? 2 : 1;
  const Duration deadline =
      2 * job->settings.statement_timeout + job->settings.lock_timeout + answer_grace;
  const pg::PipelineResult sent = co_await connection->pipeline(std::move(statements), deadline);
  if (sent.error) co_return *sent.error;
  Trial trial;
  trial.samples = std::move(opened.samples);
  const pg::Row& counts = sent.results[counts_position].rows.values.front();
  trial.updated = pg::integer_field(counts, 0) - opened.updated;
  trial.hot = pg::integer_field(counts, 1) - opened.hot;
  trial.wal_server = pg::integer_field(counts, 2) - opened.wal;
  if (job->writes) {
    read_measured(pg::text_field(sent.results[0].rows.values.front(), 0), &trial);
    trial.rows = trial.updated;
  } else {
    const pg::Row& computed = sent.results[0].rows.values.front();
    trial.rows = pg::integer_field(computed, 0);
    trial.value_bytes = pg::integer_field(computed, 1);
    trial.seconds = std::chrono::duration<double>(sent.results[0].arrived - sent.started).count();
  }
  if (looks) take_held(*job, sent.results[counts_position + 1].rows, &trial.samples);
  co_return trial;
}

}  // namespace

asio::awaitable<Result<Trial>> try_batch(pg::Connection* connection, const RehearsedJob* job,
                                         KeyRange range, int samples, bool whole) {
  Result<Opened> opened = co_await open_trial(connection, job, range, samples);
  if (!opened) {
    co_await pg::roll_back(connection);
    co_return opened.error();
  }
  Opened begun = *std::move(opened);
  Result<Trial> trial = co_await run_trial(connection, job, range, std::move(begun), whole);
  co_await pg::roll_back(connection);
  co_return trial;
}

}  // namespace backfill::run
