#include "run/history.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "checkpoint/run_transaction.hpp"
#include "checkpoint/status_query.hpp"
#include "pg/connection.hpp"
#include "pg/field.hpp"

namespace backfill::run {

namespace {

constexpr std::int64_t runs_reported = 200;
constexpr std::int64_t events_reported = 200;

pg::ConnectOptions reading(std::string conninfo) {
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  options.application_name = "backfill: history";
  options.read_write = false;
  return options;
}

asio::awaitable<Result<void>> read_server(pg::Connection* connection, JobReport* report) {
  std::string sql =
      "SELECT 'PostgreSQL ' || pg_catalog.split_part(pg_catalog.current_setting('server_version'), "
      "' ', 1) || ', database ' || pg_catalog.current_database(), pg_catalog.date_trunc('second', "
      "pg_catalog.clock_timestamp())";
  std::vector<pg::Param> none;
  auto rows = co_await connection->query(std::move(sql), std::move(none), control_deadline);
  if (!rows) co_return rows.error();
  report->server = pg::text_field(rows->values.at(0), 0);
  report->made_at = pg::text_field(rows->values.at(0), 1);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> read_parts(pg::Connection* connection, JobId job, std::string name,
                                         JobReport* report) {
  Result<std::string> meaning = co_await read_meaning(connection, job);
  if (!meaning) co_return meaning.error();
  report->meaning = *std::move(meaning);
  std::optional<std::string> wanted = std::move(name);
  Result<std::vector<StoredRun>> runs =
      co_await read_runs(connection, std::move(wanted), runs_reported);
  if (!runs) co_return runs.error();
  report->runs = *std::move(runs);
  std::ranges::reverse(report->runs);
  Result<std::vector<StoredSample>> samples = co_await read_samples(connection, job);
  if (!samples) co_return samples.error();
  report->samples = *std::move(samples);
  Result<std::vector<StoredPhase>> phases = co_await read_phases(connection, job);
  if (!phases) co_return phases.error();
  report->phases = *std::move(phases);
  Result<std::vector<StoredEvent>> events =
      co_await read_notable_events(connection, job, events_reported);
  if (!events) co_return events.error();
  report->events = *std::move(events);
  co_return co_await read_server(connection, report);
}

}  // namespace

std::map<std::string, double> parse_time_lost(const std::string& json) {
  std::map<std::string, double> lost;
  const nlohmann::json read = nlohmann::json::parse(json, nullptr, false);
  if (!read.is_object()) return lost;
  for (const auto& [reason, seconds] : read.items()) {
    if (seconds.is_number()) lost.emplace(reason, seconds.get<double>());
  }
  return lost;
}

std::string ending_word(const StoredRun& run) {
  if (!run.exit_code) return run.live ? "running" : "killed";
  switch (*run.exit_code) {
    case static_cast<int>(ExitCode::done): return "done";
    case static_cast<int>(ExitCode::refused): return "refused";
    case static_cast<int>(ExitCode::differences): return "differences";
    case static_cast<int>(ExitCode::stopped): return "stopped";
    case static_cast<int>(ExitCode::owned): return "taken over";
    default: return "failed";
  }
}

asio::awaitable<Result<std::vector<StoredRun>>> read_history(asio::any_io_executor executor,
                                                             std::string conninfo,
                                                             std::optional<std::string> job,
                                                             std::int64_t limit) {
  pg::ConnectOptions options = reading(std::move(conninfo));
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  co_return co_await read_runs(connection.get(), std::move(job), limit);
}

asio::awaitable<Result<std::optional<JobReport>>> read_report(asio::any_io_executor executor,
                                                              std::string conninfo,
                                                              std::string job) {
  std::string status_conninfo = conninfo;
  std::optional<std::string> wanted = job;
  Result<std::vector<JobStatus>> status =
      co_await read_status(executor, std::move(status_conninfo), std::move(wanted));
  if (!status) co_return status.error();
  if (status->empty()) co_return std::optional<JobReport>{};
  pg::ConnectOptions options = reading(std::move(conninfo));
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  std::optional<std::string> named = job;
  const Result<std::vector<backfill::JobStatus>> stored =
      co_await backfill::read_status(connection.get(), std::move(named));
  if (!stored) co_return stored.error();
  if (stored->empty()) co_return std::optional<JobReport>{};
  JobReport report;
  report.status = std::move(status->front());
  const JobId id = stored->front().id;
  const Result<void> read = co_await read_parts(connection.get(), id, std::move(job), &report);
  if (!read) co_return read.error();
  co_return std::optional<JobReport>{std::move(report)};
}

}  // namespace backfill::run
