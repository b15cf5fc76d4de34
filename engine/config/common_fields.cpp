#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/field_reader.hpp"
#include "config/field_table.hpp"
#include "config/job_name.hpp"
#include "config/yaml_number.hpp"
#include "core/byte_rate.hpp"
#include "core/nearest.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"
#include "core/time_window.hpp"

namespace backfill::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::int64_t rows_max = 10'000'000;  // of one batch
constexpr std::int64_t rows_per_second_max = 1'000'000'000;
constexpr std::int64_t archive_backlog_max = 1'000'000;
/// The engine keeps their keys; a job with more bad rows than that has another problem.
constexpr std::int64_t quarantine_max = 10'000;
constexpr std::int64_t xmin_age_max = 2'000'000'000;
constexpr std::array<std::string_view, 5> stripes_words{"auto", "1", "2", "4", "8"};
constexpr std::array<std::string_view, 2> user_triggers_words{"fire", "bypass"};
/// In the order of the enumerators.
constexpr std::array<std::string_view, 3> wraparound_vacuum_words{"ignore", "slow", "stop"};

std::optional<RowCount> rows(std::optional<std::int64_t> number) {
  if (!number) return std::nullopt;
  return RowCount(*number);
}

QueryThrottle& query(Job& job) {
  if (!job.throttle.query) job.throttle.query.emplace();
  return *job.throttle.query;
}

std::optional<TextProblem> store_name(Job& job, std::string_view text) {
  if (auto problem = problem_of_job_name(text)) return problem;
  job.name = std::string(text);
  return std::nullopt;
}

std::optional<TextProblem> store_database(Job& job, std::string_view text) {
  job.database = std::string(text);
  return std::nullopt;
}

std::optional<TextProblem> store_table(Job& job, std::string_view text) {
  const Parsed<QualifiedName> table = parse_qualified_name(text);
  if (!table) return table.problem();
  job.table = *table;
  return std::nullopt;
}

std::optional<TextProblem> append_key(Job& job, std::string_view text) {
  const Parsed<std::string> column = parse_identifier(text);
  if (!column) return column.problem();
  if (std::find(job.key.begin(), job.key.end(), *column) != job.key.end()) {
    return TextProblem{0, "this column is in the key already"};
  }
  job.key.push_back(*column);
  return std::nullopt;
}

std::optional<TextProblem> append_ignored(Job& job, std::string_view text) {
  job.throttle.replica_lag.ignore.emplace_back(text);
  return std::nullopt;
}

std::optional<TextProblem> append_standby(Job& job, std::string_view text) {
  if (text.find("://") == std::string_view::npos && text.find('=') == std::string_view::npos) {
    return TextProblem{0, "a connection URL or libpq keywords are wanted"};
  }
  job.throttle.replica_lag.standbys.emplace_back(text);
  return std::nullopt;
}

ByteThrottle& slot_wal(Job& job) {
  if (!job.throttle.slot_wal) job.throttle.slot_wal.emplace();
  return *job.throttle.slot_wal;
}

std::optional<TextProblem> store_slot_slow(Job& job, std::string_view text) {
  const Parsed<ByteCount> size = parse_byte_size(text);
  if (!size) return size.problem();
  slot_wal(job).slow = *size;
  return std::nullopt;
}

std::optional<TextProblem> store_slot_stop(Job& job, std::string_view text) {
  const Parsed<ByteCount> size = parse_byte_size(text);
  if (!size) return size.problem();
  slot_wal(job).stop = *size;
  return std::nullopt;
}

ByteRateThrottle& wal_rate(Job& job) {
  if (!job.throttle.wal_rate) job.throttle.wal_rate.emplace();
  return *job.throttle.wal_rate;
}

CountThrottle& archive_backlog(Job& job) {
  if (!job.throttle.archive_backlog) job.throttle.archive_backlog.emplace();
  return *job.throttle.archive_backlog;
}

CountThrottle& xmin_age(Job& job) {
  if (!job.throttle.xmin_age) job.throttle.xmin_age.emplace();
  return *job.throttle.xmin_age;
}

std::optional<TextProblem> store_window(Job& job, std::string_view text) {
  if (text == "always") {
    job.throttle.window.reset();
    return std::nullopt;
  }
  const Parsed<TimeWindow> window = parse_time_window(text);
  if (!window) return window.problem();
  job.throttle.window = *window;
  return std::nullopt;
}

std::optional<TextProblem> store_flag_file(Job& job, std::string_view text) {
  if (!text.starts_with('/')) {
    return TextProblem{0, "an absolute path is wanted: where a runner starts may change"};
  }
  job.throttle.flag_file = std::string(text);
  return std::nullopt;
}

std::optional<TextProblem> store_wal_slow(Job& job, std::string_view text) {
  const Parsed<ByteCount> rate = parse_byte_rate(text);
  if (!rate) return rate.problem();
  wal_rate(job).slow = *rate;
  return std::nullopt;
}

std::optional<TextProblem> store_wal_stop(Job& job, std::string_view text) {
  const Parsed<ByteCount> rate = parse_byte_rate(text);
  if (!rate) return rate.problem();
  wal_rate(job).stop = *rate;
  return std::nullopt;
}

std::optional<TextProblem> store_query(Job& job, std::string_view text) {
  if (auto problem = check_query(text)) return problem;
  query(job).sql = without_comments(text);
  return std::nullopt;
}

constexpr std::string_view quarantine_key = "quarantine";

/// `on_error: {quarantine: 100}`
void read_on_error(FieldReader& reader, const Node& mapping) {
  for (std::size_t i = 0; i < mapping.keys.size(); ++i) {
    const Node& value = mapping.items[i];
    if (mapping.keys[i].parsed != quarantine_key) {
      const bool near = nearest_word(mapping.keys[i].parsed, {&quarantine_key, 1}).has_value();
      reader.report(
          mapping.keys[i].position,
          fmt::format("unknown key \"{}\" in on_error; {}", mapping.keys[i].parsed,
                      near ? "did you mean \"quarantine\"?" : "the keys here are: quarantine"));
      continue;
    }
    if (value.refused) continue;
    const std::optional<std::int64_t> rows = whole_number(value);
    if (!rows || *rows < 1 || *rows > quarantine_max) {
      reader.report(value.position,
                    fmt::format("on_error.quarantine must be a whole number from 1 to {}, not {}",
                                quarantine_max, is_null(value) ? "empty" : shown(value)));
      continue;
    }
    reader.job().on_error.quarantine = static_cast<int>(*rows);
  }
}

std::array<Field, 37> make_table() {
  return {{
      {"version", "The version of the job file's format.",
       WholeNumber{1, 1, false,
                   [](Job& job, auto number) { job.version = static_cast<int>(*number); }},
       true},
      {"kind", "What the job does.",
       Choice{kind_words(), [](Job& job, std::size_t i) { job.kind = job_kinds()[i].kind; }}, true},
      {"name",
       "The job's name, which commands and the control schema know it by; else the file's stem.",
       Text{"a name of letters, digits, _, - and .", store_name}},
      {"database", "Where to work, as a connection URL or libpq keywords.",
       Text{"a connection URL or libpq keywords", store_database}},
      {"table", "The table whose rows change, as SQL writes it.",
       Text{"a table's name", store_table}, true},
      {"key", "The columns to walk along; else the primary key or the best unique index.",
       TextList{"a column's name or a list of them", [](Job& job) { job.key.clear(); },
                append_key}},
      {"pace.connections", "The most connections that work at once.",
       WholeNumber{
           1, 64, false,
           [](Job& job, auto number) { job.pace.connections = static_cast<int>(*number); }}},
      {"pace.batch.target",
       "How long a batch should take; auto is short beside other writers and longer alone.",
       TimeSpan{milliseconds(1), minutes(1), "auto",
                [](Job& job, auto span) { job.pace.batch.target = span; }}},
      {"pace.batch.min_rows", "The fewest rows of a batch.",
       WholeNumber{1, rows_max, false,
                   [](Job& job, auto number) { job.pace.batch.min_rows = RowCount(*number); }}},
      {"pace.batch.max_rows", "The most rows of a batch.",
       WholeNumber{1, rows_max, false,
                   [](Job& job, auto number) { job.pace.batch.max_rows = RowCount(*number); }}},
      {"pace.batch.fixed_rows",
       "The rows of every batch, instead of a size that follows the target.",
       WholeNumber{1, rows_max, true,
                   [](Job& job, auto number) { job.pace.batch.fixed_rows = rows(number); }}},
      {"pace.rows_per_second", "The most rows to change in a second, over all connections.",
       WholeNumber{1, rows_per_second_max, true,
                   [](Job& job, auto number) { job.pace.rows_per_second = rows(number); }}},
      {"pace.stripes",
       "How often each range of the key is visited, each time for another part of its rows.",
       Choice{stripes_words,
              [](Job& job, std::size_t i) {
                job.pace.stripes = i == 0 ? std::nullopt : std::optional<int>(1 << (i - 1));
              }}},
      {"throttle.replica_lag.slow", "The lag of a replica from which the pace falls.",
       TimeSpan{milliseconds(1),
                hours(24),
                {},
                [](Job& job, auto span) { job.throttle.replica_lag.slow = *span; }}},
      {"throttle.replica_lag.stop", "The lag of a replica at which the job waits.",
       TimeSpan{milliseconds(1),
                hours(24),
                {},
                [](Job& job, auto span) { job.throttle.replica_lag.stop = *span; }}},
      {"throttle.replica_lag.ignore",
       "The application_name or replication slot of standbys that may lag.",
       TextList{"a standby's application_name or a list of them",
                [](Job& job) { job.throttle.replica_lag.ignore.clear(); }, append_ignored}},
      {"throttle.replica_lag.standbys",
       "Standbys that are asked themselves how far they are, each as a connection URL.",
       TextList{"a connection URL or a list of them",
                [](Job& job) { job.throttle.replica_lag.standbys.clear(); }, append_standby}},
      {"throttle.lock_wait", "How long another session may wait for a lock of a batch.",
       TimeSpan{milliseconds(1),
                minutes(10),
                {},
                [](Job& job, auto span) { job.throttle.lock_wait = *span; }}},
      {"throttle.query.sql", "A query for one number that the pace depends on.",
       Text{"a SQL query", store_query}, true},
      {"throttle.query.slow", "The number from which the pace falls.",
       Decimal{[](Job& job, double number) { query(job).slow = number; }}, true},
      {"throttle.query.stop", "The number at which the job waits.",
       Decimal{[](Job& job, double number) { query(job).stop = number; }}, true},
      {"throttle.window", "When the job may work, by the wall clock of a time zone; else always.",
       Text{"always or a window such as 22:00-06:00 Europe/London", store_window}},
      {"throttle.flag_file", "A file on the runner's machine: while it is there, the job waits.",
       Text{"an absolute path", store_flag_file}},
      {"throttle.wal_rate.slow", "How fast the server writes its log when the pace begins to fall.",
       Text{"a rate such as 50MB/s", store_wal_slow}, true},
      {"throttle.wal_rate.stop", "How fast the server writes its log when the job waits.",
       Text{"a rate such as 100MB/s", store_wal_stop}, true},
      {"throttle.archive_backlog.slow", "The segments waiting for the archive when the pace falls.",
       WholeNumber{1, archive_backlog_max, false,
                   [](Job& job, auto number) { archive_backlog(job).slow = *number; }},
       true},
      {"throttle.archive_backlog.stop", "The segments waiting for the archive when the job waits.",
       WholeNumber{1, archive_backlog_max, false,
                   [](Job& job, auto number) { archive_backlog(job).stop = *number; }},
       true},
      {"throttle.xmin_age.slow",
       "The age in transactions of the oldest snapshot of others from "
       "which the pace falls.",
       WholeNumber{1, xmin_age_max, false,
                   [](Job& job, auto number) { xmin_age(job).slow = *number; }},
       true},
      {"throttle.xmin_age.stop", "The age of that snapshot at which the job waits.",
       WholeNumber{1, xmin_age_max, false,
                   [](Job& job, auto number) { xmin_age(job).stop = *number; }},
       true},
      {"throttle.slot_wal.slow",
       "How much of the log a replication slot keeps when the pace begins to fall.",
       Text{"a size such as 20GB", store_slot_slow}, true},
      {"throttle.slot_wal.stop", "How much of it a slot keeps when the job waits.",
       Text{"a size such as 40GB", store_slot_stop}, true},
      {"throttle.wraparound_vacuum",
       "What the job does while autovacuum works on its table to prevent wraparound.",
       Choice{wraparound_vacuum_words,
              [](Job& job, std::size_t i) {
                job.throttle.wraparound_vacuum = static_cast<WraparoundVacuum>(i);
              }}},
      {"safety.lock_timeout", "How long a statement of the job waits for a lock.",
       TimeSpan{milliseconds(1),
                minutes(10),
                {},
                [](Job& job, auto span) { job.safety.lock_timeout = *span; }}},
      {"safety.statement_timeout", "How long a statement of the job may run.",
       TimeSpan{milliseconds(1),
                hours(24),
                {},
                [](Job& job, auto span) { job.safety.statement_timeout = *span; }}},
      {"safety.retries", "How often one range is tried again, in a row, before the job gives up.",
       WholeNumber{0, 1'000, false,
                   [](Job& job, auto number) { job.safety.retries = static_cast<int>(*number); }}},
      {"safety.user_triggers", "Whether the table's own triggers fire for the job's changes.",
       Choice{user_triggers_words,
              [](Job& job, std::size_t i) {
                job.safety.user_triggers = i == 0 ? UserTriggers::fire : UserTriggers::bypass;
              }}},
      {"on_error",
       "What becomes of a row that fails for its own reason: it stops the job, or up to as many "
       "are "
       "set aside while the job goes on.",
       Structure{"stop or a mapping such as {quarantine: 100}", Node::Shape::mapping, read_on_error,
                 "stop", [](Job& job) { job.on_error = {}; }}},
  }};
}

}  // namespace

std::span<const Field> common_fields() {
  static const std::array<Field, 37> table = make_table();
  return table;
}

}  // namespace backfill::config
