#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/batch_statements.hpp"
#include "core/sql_text.hpp"
#include "run/send_transaction.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

/// A row that appears behind the cursor is mended and proven again; an application that goes on
/// writing such rows is not for us to outrun.
constexpr int proof_tries = 3;
constexpr std::size_t differences_shown = 10;

RowCount differing(const std::vector<StoredRange>& ranges) {
  RowCount sum;
  for (const StoredRange& range : ranges) sum += RowCount{range.rows_differing};
  return sum;
}

RowCount unchangeable(const std::vector<StoredRange>& ranges) {
  RowCount sum;
  for (const StoredRange& range : ranges) sum += RowCount{range.unchangeable};
  return sum;
}

}  // namespace

asio::awaitable<Result<int>> passes_of(Session* session, std::string phase) {
  const JobId job = session->record.id;
  const std::function<asio::awaitable<Result<int>>(pg::Connection*)> read =
      [job, phase](pg::Connection* connection) { return last_pass(connection, job, phase); };
  co_return co_await session->control.repeat<int>(read);
}

namespace {

/// The ranges in which differences were found become the ranges of a repair sweep.
asio::awaitable<Result<void>> open_repair(Session* session, int pass,
                                          std::vector<StoredRange> found) {
  const Fence fence = session->fence("repair", pass);
  const TransactionSettings settings = session->settings();
  for (const StoredRange& range : found) {
    if (range.rows_differing == 0) continue;
    const OpenRange open{SlotId{}, range.known.id, range.known.bounds, range.known.keys};
    const std::function<asio::awaitable<Result<void>>(pg::Connection*)> op =
        [fence, settings, open](pg::Connection* connection) {
          return send_transaction(connection, open_range_statements(fence, settings, open));
        };
    const Result<void> opened = co_await session->control.repeat<void>(op);
    if (!opened) co_return opened.error();
  }
  co_return Result<void>{};
}

}  // namespace

/// The keys of the first rows that differ, for people.
asio::awaitable<std::vector<std::string>> list_differences(Session* session,
                                                           std::vector<StoredRange> ranges) {
  std::vector<std::string> lines;
  for (const StoredRange& range : ranges) {
    if (range.rows_differing == 0 || lines.size() >= differences_shown) continue;
    const KeyRange bounds = range.known.bounds;
    const std::string sql = session->sql->first_differences(shape_of(bounds));
    std::vector<pg::Param> params;
    for (std::string& value : bound_values(bounds)) params.emplace_back(std::move(value));
    const Duration deadline = session->request.job.safety.statement_timeout;
    const std::function<asio::awaitable<Result<pg::Rows>>(pg::Connection*)> ask =
        [sql, params, deadline](pg::Connection* connection) {
          return connection->query(sql, params, deadline);
        };
    const Result<pg::Rows> rows = co_await session->control.attempt<pg::Rows>(ask);
    if (!rows) continue;
    for (const auto& row : rows->values) {
      KeyValue key;
      for (const pg::Param& field : row) key.push_back(field.value_or("NULL"));
      if (lines.size() < differences_shown) lines.push_back("differs: key " + to_string(key));
    }
  }
  co_return lines;
}

namespace {

asio::awaitable<Ending> differences_found(Session* session, RowCount rows,
                                          std::vector<StoredRange> ranges) {
  Outcome outcome;
  outcome.code = ExitCode::differences;
  outcome.summary =
      fmt::format("job {}: {} row{} not as {} should be", session->request.job.name, rows.value,
                  rows.value == 1 ? " is" : "s are", rows.value == 1 ? "it" : "they");
  outcome.details = co_await list_differences(session, std::move(ranges));
  if (session->mode == JobRun::Mode::run) {
    outcome.details.push_back(
        "they came back after they were mended: something still writes such rows, or `set` does "
        "not make `where` false");
  }
  if (session->proves_again()) {
    outcome.details.push_back(
        "the job no longer counts as done, and `backfill gate` is closed, until a run has mended "
        "and "
        "proven it");
  }
  outcome.next = run_command(*session) + "   (mends them, once nothing writes such rows any more)";
  co_return outcome;
}

/// What the checkpoints show: whether they are one chain of closed ranges from end to end.
std::optional<Error> gap_in(const std::vector<StoredRange>& ranges) {
  std::optional<KeyValue> reached;
  bool to_the_end = false;
  for (const StoredRange& range : ranges) {
    if (!range.known.closed || to_the_end || range.known.bounds.after != reached) {
      return fatal_error(
          fmt::format("the checkpoints have a gap at range {}", range.known.id.value));
    }
    reached = range.known.bounds.through;
    to_the_end = !reached.has_value();
  }
  if (to_the_end) return std::nullopt;
  return fatal_error("the checkpoints do not reach the end of the key");
}

}  // namespace

asio::awaitable<Ending> copy_rows(Session* session, std::string phase) {
  Result<SweepResult> swept = co_await run_phase(session, std::move(phase), 1, Purpose::copy);
  if (!swept) co_return ending_of_error(*session, swept.error());
  const Ending ending = ending_of(*session, swept->finish);
  if (ending) co_return ending;
  session->copied_now = swept->batches > 0;
  const std::optional<Error> gap = gap_in(swept->ranges);
  if (gap) co_return ending_of_error(*session, *gap);
  co_return std::nullopt;
}

/// An unfinished copy is no proof: `verify` may be asked at any time.
asio::awaitable<Ending> prove_by_ledger(Session* session) {
  const Result<std::vector<StoredRange>> ranges =
      co_await read_ranges(session, "copy", 1, Purpose::copy);
  if (!ranges) co_return ending_of_error(*session, ranges.error());
  const std::optional<Error> gap = gap_in(*ranges);
  if (!gap) co_return std::nullopt;
  Outcome outcome;
  outcome.code = ExitCode::differences;
  outcome.summary =
      fmt::format("job {} is not proven: {}", session->request.job.name, gap->message);
  outcome.next = run_command(*session) + "   (goes on where it was)";
  co_return outcome;
}

namespace {

/// A row that has come out of quarantine was not seen by a pass that began before.
asio::awaitable<Result<bool>> retried_since_pass(Session* session, int pass) {
  const JobId job = session->record.id;
  const std::function<asio::awaitable<Result<bool>>(pg::Connection*)> ask =
      [job, pass](pg::Connection* connection) {
        std::string phase = "verify";
        return retried_since(connection, job, std::move(phase), pass);
      };
  co_return co_await session->control.repeat<bool>(ask);
}

}  // namespace

asio::awaitable<Ending> prove(Session* session) {
  const Proof proof = session->sql->proof();
  if (!may_repair(proof)) {
    Ending unproven = co_await prove_by_ledger(session);
    if (unproven || proof == Proof::ledger) co_return unproven;
  }
  const Result<int> verified = co_await passes_of(session, "verify");
  const Result<int> repaired = co_await passes_of(session, "repair");
  if (!verified) co_return ending_of_error(*session, verified.error());
  if (!repaired) co_return ending_of_error(*session, repaired.error());
  const bool alone = session->mode == JobRun::Mode::verify_only;
  // A pass that was begun before the copy had ended proves nothing about its end.
  int pass = std::max(*verified, 1);
  const Result<bool> retried = co_await retried_since_pass(session, pass);
  if (!retried) co_return ending_of_error(*session, retried.error());
  const bool again = session->copied_now || alone || *repaired >= pass || *retried;
  if (*verified > 0 && again) pass = *verified + 1;
  if (!alone && *repaired >= *verified && *repaired > 0) {
    const int unfinished = *repaired;
    Result<SweepResult> mended = co_await run_phase(session, "repair", unfinished, Purpose::repair);
    if (!mended) co_return ending_of_error(*session, mended.error());
    const Ending ending = ending_of(*session, mended->finish);
    if (ending) co_return ending;
  }
  for (int tries = 1;; ++tries, ++pass) {
    Result<SweepResult> swept = co_await run_phase(session, "verify", pass, Purpose::verify);
    if (!swept) co_return ending_of_error(*session, swept.error());
    Ending ending = ending_of(*session, swept->finish);
    if (ending) co_return ending;
    const RowCount rows = differing(swept->ranges);
    session->unchangeable = unchangeable(swept->ranges);
    if (rows == RowCount{0}) co_return std::nullopt;
    if (alone || tries >= proof_tries) {
      co_return co_await differences_found(session, rows, swept->ranges);
    }
    session->tell(
        Level::warning, "information", "rows_behind_the_cursor",
        fmt::format("{} rows appeared or changed behind the cursor: changing them", rows.value));
    const Result<void> opened = co_await open_repair(session, pass, swept->ranges);
    if (!opened) co_return ending_of_error(*session, opened.error());
    Result<SweepResult> mended = co_await run_phase(session, "repair", pass, Purpose::repair);
    if (!mended) co_return ending_of_error(*session, mended.error());
    ending = ending_of(*session, mended->finish);
    if (ending) co_return ending;
  }
}

}  // namespace backfill::run
