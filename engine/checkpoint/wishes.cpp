#include "checkpoint/wishes.hpp"

#include <utility>

#include <fmt/core.h>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {
namespace {

using pg::asio::awaitable;

// One statement, so that both tables are read at one moment.
constexpr const char* wishes_sql = R"(
SELECT c.revision, c.acknowledged, pg_catalog.date_trunc('second', c.paused_at), c.paused_by, c.stop_epoch, c.stop_cancel, c.stop_by,
       s.key, s.file_value, s.value, s.set_by, pg_catalog.date_trunc('second', s.set_at)
  FROM backfill.controls c LEFT JOIN backfill.settings s ON s.job_id = c.job_id
 WHERE c.job_id = $1::bigint ORDER BY s.key)";

// `before` and the changes see the same state: a statement's parts do not see each other's writes.
constexpr const char* enter_sql = R"(
WITH held AS (
  SELECT j.id FROM backfill.jobs j WHERE j.id = $1::bigint AND j.epoch = $2::bigint
), given AS (
  SELECT g.key, g.file_value
    FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]))
         AS g (key, file_value)
), before AS (
  SELECT s.key, s.value, g.file_value, s.file_value IS DISTINCT FROM g.file_value AS edited
    FROM held CROSS JOIN backfill.settings s LEFT JOIN given g ON g.key = s.key
   WHERE s.job_id = held.id
), controlled AS (
  INSERT INTO backfill.controls (job_id) SELECT id FROM held ON CONFLICT DO NOTHING
), updated AS (
  UPDATE backfill.settings s
     SET file_value = b.file_value,
         value = CASE WHEN NOT b.edited THEN s.value END,
         set_at = CASE WHEN NOT b.edited THEN s.set_at END,
         set_by = CASE WHEN NOT b.edited THEN s.set_by END
    FROM before b WHERE s.job_id = $1::bigint AND s.key = b.key AND b.edited
), inserted AS (
  INSERT INTO backfill.settings (job_id, key, file_value)
    SELECT held.id, g.key, g.file_value FROM held CROSS JOIN given g
     WHERE NOT EXISTS (SELECT FROM before b WHERE b.key = g.key)
    ON CONFLICT DO NOTHING
)
SELECT b.key, b.value FROM before b WHERE b.edited AND b.value IS NOT NULL ORDER BY b.key)";

/// What all commands share: the row as it was seen, the event, the notification. `change` is what
/// the command does to the row, `more` further parts of the statement.
std::string command_sql(std::string_view change, std::string_view more = {}) {
  return fmt::format(R"(
WITH commanded AS (
  UPDATE backfill.controls c SET revision = c.revision + 1{}
   WHERE c.job_id = $1::bigint AND c.revision = $2::bigint
  RETURNING c.job_id, c.revision
), told AS (
  INSERT INTO backfill.events (job_id, kind, reason, detail)
    SELECT d.job_id, 'command', $3, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
             'text', $4::text, 'by', $5::text, 'pid', $6::integer, 'role', session_user::text,
             'address', pg_catalog.host(pg_catalog.inet_client_addr()),
             'key', $7::text[], 'old', $8::text[], 'new', $9::text[]))
      FROM commanded d
){}
SELECT d.revision, pg_catalog.pg_notify('backfill_control', d.job_id::text) FROM commanded d)",
                     change, more);
}

constexpr std::string_view set_parts = R"(, changed AS (
  INSERT INTO backfill.settings AS s (job_id, key, value, set_at, set_by)
    SELECT d.job_id, g.key, g.value, pg_catalog.clock_timestamp(), $5::text
      FROM commanded d CROSS JOIN
           ROWS FROM (pg_catalog.unnest($7::text[]), pg_catalog.unnest($9::text[]))
           AS g (key, value)
    ON CONFLICT (job_id, key) DO UPDATE
      SET value = excluded.value,
          set_at = CASE WHEN excluded.value IS NOT NULL THEN excluded.set_at END,
          set_by = CASE WHEN excluded.value IS NOT NULL THEN excluded.set_by END
))";

struct Wording {
  std::string reason;
  std::string text;
};

std::string shown(const std::optional<std::string>& value) {
  return value.value_or("nothing");
}

Wording wording_of(const Command& command, const std::string& by) {
  switch (command.kind) {
    case Command::Kind::pause: return {"pause", "paused by " + by};
    case Command::Kind::resume: return {"resume", "resumed by " + by};
    case Command::Kind::stop:
      return {"stop", (command.stop.cancel ? "stop with its batches cancelled, asked by "
                                           : "stop asked by ") +
                          by};
    case Command::Kind::set: break;
  }
  std::string text;
  for (const Command::Change& change : command.changes) {
    text += fmt::format("{}{}: {} to {}", text.empty() ? "" : ", ", change.key,
                        shown(change.before), change.after.value_or("the file's value"));
  }
  return {"set", text + " by " + by};
}

/// With NULL for what is absent, which `text_array` cannot say.
std::string nullable_array(const std::vector<std::optional<std::string>>& elements) {
  std::string text = "{";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    if (!element) {
      text += "NULL";
      continue;
    }
    const std::string one = pg::text_array({*element});
    text += std::string_view(one).substr(1, one.size() - 2);
  }
  return text + "}";
}

pg::Statement command_statement(JobId job, std::int64_t seen, const Command& command,
                                const Requester& requester) {
  const std::string by = name_of(requester);
  const Wording wording = wording_of(command, by);
  std::vector<std::string> keys;
  std::vector<std::optional<std::string>> before;
  std::vector<std::optional<std::string>> after;
  for (const Command::Change& change : command.changes) {
    keys.push_back(change.key);
    before.push_back(change.before);
    after.push_back(change.after);
  }
  const bool sets = command.kind == Command::Kind::set;
  pg::Statement statement;
  statement.params = {
      std::to_string(job.value),    std::to_string(seen), wording.reason, wording.text, by,
      std::to_string(requester.pid)};
  statement.params.push_back(sets ? pg::Param(pg::text_array(keys)) : std::nullopt);
  statement.params.push_back(sets ? pg::Param(nullable_array(before)) : std::nullopt);
  statement.params.push_back(sets ? pg::Param(nullable_array(after)) : std::nullopt);
  switch (command.kind) {
    case Command::Kind::pause:
      statement.sql = command_sql(
          ", paused_at = coalesce(c.paused_at, pg_catalog.clock_timestamp()), "
          "paused_by = coalesce(c.paused_by, $5::text)");
      break;
    case Command::Kind::resume:
      statement.sql = command_sql(", paused_at = NULL, paused_by = NULL");
      break;
    case Command::Kind::stop:
      statement.sql = command_sql(
          ", stop_epoch = $10::bigint, stop_cancel = $11::boolean, "
          "stop_at = pg_catalog.clock_timestamp(), stop_by = $5::text");
      statement.params.emplace_back(std::to_string(command.stop.epoch.value));
      statement.params.emplace_back(command.stop.cancel ? "t" : "f");
      break;
    case Command::Kind::set: statement.sql = command_sql("", set_parts); break;
  }
  return statement;
}

}  // namespace

std::string name_of(const Requester& requester) {
  return fmt::format("{}@{}", requester.user, requester.host);
}

awaitable<Result<Wishes>> read_wishes(pg::Connection* connection, JobId job) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  auto rows = co_await connection->query(wishes_sql, std::move(params), control_deadline);
  if (!rows) co_return Result<Wishes>{std::move(rows.error())};
  Wishes wishes;
  for (const pg::Row& row : rows->values) {
    wishes.revision = pg::integer_field(row, 0);
    wishes.acknowledged = pg::integer_field(row, 1);
    if (!pg::is_null(row, 2)) wishes.pause = Pause{pg::text_field(row, 3), pg::text_field(row, 2)};
    if (const auto epoch = pg::optional_integer_field(row, 4)) {
      wishes.stop = StopWish{Epoch{*epoch}, pg::bool_field(row, 5), pg::text_field(row, 6)};
    }
    if (pg::is_null(row, 7)) continue;
    wishes.settings.push_back({pg::text_field(row, 7), pg::field(row, 8), pg::field(row, 9),
                               pg::text_field(row, 10), pg::text_field(row, 11)});
  }
  co_return Result<Wishes>{std::move(wishes)};
}

awaitable<Result<void>> acknowledge_wishes(pg::Connection* connection, JobId job,
                                           std::int64_t revision) {
  std::string sql =
      "UPDATE backfill.controls SET acknowledged = $2::bigint WHERE job_id = $1::bigint AND "
      "acknowledged < $2::bigint";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  params.emplace_back(std::to_string(revision));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<void>{std::move(rows.error())};
  co_return Result<void>{};
}

awaitable<Result<std::vector<DroppedSetting>>> enter_settings(pg::Connection* connection, JobId job,
                                                              Epoch epoch,
                                                              std::vector<StoredSetting> of_file) {
  std::vector<std::string> keys;
  std::vector<std::optional<std::string>> values;
  for (StoredSetting& setting : of_file) {
    keys.push_back(std::move(setting.key));
    values.push_back(std::move(setting.file_value));
  }
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  params.emplace_back(std::to_string(epoch.value));
  params.emplace_back(pg::text_array(keys));
  params.emplace_back(nullable_array(values));
  auto rows = co_await connection->query(enter_sql, std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<DroppedSetting>>{std::move(rows.error())};
  std::vector<DroppedSetting> dropped;
  for (const pg::Row& row : rows->values) {
    dropped.push_back({pg::text_field(row, 0), pg::text_field(row, 1)});
  }
  co_return Result<std::vector<DroppedSetting>>{std::move(dropped)};
}

awaitable<Result<std::optional<std::int64_t>>> command_job(pg::Connection* connection, JobId job,
                                                           std::int64_t seen, Command command,
                                                           Requester requester) {
  using Revision = std::optional<std::int64_t>;
  std::vector<pg::Statement> statements(1);
  // A job that has not run since the schema was migrated has no row yet.
  statements[0].sql =
      "INSERT INTO backfill.controls (job_id) VALUES ($1::bigint) ON CONFLICT DO NOTHING";
  statements[0].params.emplace_back(std::to_string(job.value));
  statements.push_back(command_statement(job, seen, command, requester));
  TransactionSettings settings;
  settings.synchronous = true;
  auto rows = co_await run_transaction(connection, std::move(settings), std::move(statements),
                                       control_deadline);
  if (!rows) co_return Result<Revision>{std::move(rows.error())};
  const pg::Rows& commanded = rows->back();
  if (commanded.values.empty()) co_return Result<Revision>{Revision{}};
  co_return Result<Revision>{Revision{pg::integer_field(commanded.values.front(), 0)}};
}

}  // namespace backfill
