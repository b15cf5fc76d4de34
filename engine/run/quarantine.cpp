#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"
#include "run/session.hpp"
#include "run/type_copy_steps.hpp"

namespace backfill::run {

namespace {

constexpr std::size_t rows_shown = 10;

std::string rows_text(std::size_t rows) {
  return fmt::format("{} row{}", rows, rows == 1 ? "" : "s");
}

std::string retry_command(const Session& session) {
  return "backfill retry " + session.request.job.file;
}

std::string line_of(const Session& session, const QuarantinedRow& row) {
  const bool several = session.copy && session.copy->tables.size() > 1;
  return fmt::format("in quarantine: {}key {}: {} (SQLSTATE {})",
                     several ? row.table + " " : std::string{}, to_string(row.key), row.message,
                     row.sqlstate);
}

Outcome left_in_quarantine(const Session& session, std::string summary,
                           const std::vector<QuarantinedRow>& rows) {
  Outcome outcome;
  outcome.code = ExitCode::differences;
  outcome.summary = std::move(summary);
  for (std::size_t i = 0; i < std::min(rows.size(), rows_shown); ++i) {
    outcome.details.push_back(line_of(session, rows[i]));
  }
  if (rows.size() > rows_shown) {
    outcome.details.push_back(
        fmt::format("and {} more: SELECT * FROM backfill.quarantine", rows.size() - rows_shown));
  }
  outcome.next = retry_command(session) + "   (takes just these again, once they are mended)";
  return outcome;
}

/// Makes the job's own table, or the one of a type-copy that the row is of, the one that statements
/// are for. False when the job has no such table any more.
bool choose_table(Session* session, const QuarantinedRow& row) {
  if (!session->copy) return quote_name(session->target.table) == row.table;
  for (std::size_t i = 0; i < session->copy->tables.size(); ++i) {
    if (quote_name(session->copy->tables[i].target.table) != row.table) continue;
    choose_sweep(session, i);
    return true;
  }
  return false;
}

pg::Statement change_of(const Session& session, const QuarantinedRow& row) {
  pg::Statement change;
  change.sql = session.sql->copy({.through = true, .exactly = true});
  for (const std::string& value : row.key) change.params.emplace_back(value);
  change.prepared = true;
  return change;
}

enum class Retried { released, failed_again };

/// One row. After a COMMIT whose answer was lost the repetition finds no entry: it had happened.
asio::awaitable<Result<Retried>> retry_one(Session* session, QuarantinedRow row) {
  if (!choose_table(session, row)) {
    co_return fatal_error(
        fmt::format("key {} is in quarantine for the table {}, which the job has "
                    "no more",
                    to_string(row.key), row.table));
  }
  const Fence fence = session->fence("retry", 1);
  const TransactionSettings settings = session->settings();
  const pg::Statement change = change_of(*session, row);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> again =
      [fence, settings, row, change](pg::Connection* connection) {
        return retry_row(connection, fence, settings, row, change);
      };
  const Result<void> retried = co_await session->control.repeat<void>(again);
  if (retried) co_return Retried::released;
  const Error error = retried.error();
  if (error.sqlstate == sqlstate_not_quarantined) co_return Retried::released;
  if (error.kind != ErrorClass::row) co_return error;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> note =
      [fence, row, error](pg::Connection* connection) {
        return note_failed_again(connection, fence, row, error);
      };
  const Result<void> noted = co_await session->control.repeat<void>(note);
  if (!noted) co_return noted.error();
  session->tell(Level::warning, "error", "row_failed_again",
                fmt::format("key {} fails again: {}", to_string(row.key), describe(error)));
  co_return Retried::failed_again;
}

/// A job that had failed for its rows in quarantine has not failed any more: it is to go on.
asio::awaitable<Result<void>> reopen(Session* session) {
  const JobState state = session->record.state;
  if (state == JobState::done || state == JobState::stopped) co_return Result<void>{};
  const JobId job = session->record.id;
  const Epoch epoch = session->lease.epoch;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> settle =
      [job, epoch](pg::Connection* connection) {
        return set_job_state(connection, job, epoch, JobState::stopped, std::nullopt);
      };
  co_return co_await session->control.repeat<void>(settle);
}

}  // namespace

asio::awaitable<Result<std::vector<QuarantinedRow>>> quarantine_of(Session* session) {
  const JobId job = session->record.id;
  const std::function<asio::awaitable<Result<std::vector<QuarantinedRow>>>(pg::Connection*)> read =
      [job](pg::Connection* connection) { return read_quarantine(connection, job); };
  co_return co_await session->control.repeat<std::vector<QuarantinedRow>>(read);
}

asio::awaitable<Ending> look_into_quarantine(Session* session) {
  const Result<std::vector<QuarantinedRow>> rows = co_await quarantine_of(session);
  if (!rows) co_return ending_of_error(*session, rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return left_in_quarantine(
      *session,
      fmt::format("job {} is not done: {} {} in quarantine, all others are as they should be",
                  session->request.job.name, rows_text(rows->size()),
                  rows->size() == 1 ? "is" : "are"),
      *rows);
}

asio::awaitable<Outcome> retry_quarantined(Session* session) {
  session->phase = "retry";
  const Result<std::vector<QuarantinedRow>> rows = co_await quarantine_of(session);
  if (!rows) co_return ending_of_error(*session, rows.error());
  std::size_t released = 0;
  for (const QuarantinedRow& row : *rows) {
    const Ending stopped = stop_asked(*session);
    if (stopped) co_return *stopped;
    const Result<Retried> retried = co_await retry_one(session, row);
    if (!retried) co_return ending_of_error(*session, retried.error());
    if (*retried == Retried::released) ++released;
  }
  const Result<std::vector<QuarantinedRow>> left = co_await quarantine_of(session);
  if (!left) co_return ending_of_error(*session, left.error());
  const std::string& name = session->request.job.name;
  if (!left->empty()) {
    co_return left_in_quarantine(
        *session,
        fmt::format("job {}: of {} in quarantine {} went through, {} failed again", name,
                    rows_text(rows->size()), released, left->size()),
        *left);
  }
  const Result<void> reopened = co_await reopen(session);
  if (!reopened) co_return ending_of_error(*session, reopened.error());
  Outcome outcome;
  outcome.code = ExitCode::done;
  outcome.summary = rows->empty()
                        ? fmt::format("job {} has no row in quarantine", name)
                        : fmt::format("job {}: {} went through, none is left in quarantine", name,
                                      rows_text(released));
  if (session->record.state != JobState::done) {
    outcome.next = run_command(*session) + "   (goes on, and proves them with all others)";
  }
  co_return outcome;
}

}  // namespace backfill::run
