#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/maintenance_right.hpp"
#include "core/sql_text.hpp"
#include "run/maintenance.hpp"
#include "run/session.hpp"
#include "run/table_care.hpp"
#include "signals/table_reading.hpp"

/// What a finished job leaves behind: statistics of what it has written, and room that VACUUM could
/// free. Nothing of it can fail the job, whose rows are proven by now.
namespace backfill::run {

namespace {

constexpr int tries = 5;
constexpr Duration pause_between = std::chrono::milliseconds{500};
/// Below a twentieth of the rows autovacuum would not come either.
constexpr std::int64_t dead_share_worth_telling = 20;

asio::awaitable<void> pause(Session* session, Duration wait) {
  asio::steady_timer timer(session->executor);
  timer.expires_after(wait);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

std::string closing_sql(const Session& session) {
  const SafetySettings& safety = session.request.job.safety;
  const QualifiedName& table = session.target.table;
  const bool analyzes = safety.analyze == ClosingAnalyze::at_end;
  if (safety.vacuum.when == VacuumSettings::When::never) {
    return analyzes ? analyze_sql(table) : std::string{};
  }
  return analyzes ? vacuum_analyze_sql(table) : vacuum_sql(table);
}

asio::awaitable<Result<void>> maintain(Session* session, std::string sql) {
  Result<void> done;
  for (int attempt = 1; attempt <= tries; ++attempt) {
    done = co_await session->monitor->care().run_now(sql);
    const bool again = !done && done.error().kind == ErrorClass::retry_batch;
    if (!again || session->stop_reason || attempt == tries) break;
    co_await pause(session, pause_between);
  }
  co_return done;
}

asio::awaitable<bool> may_be_maintained(Session* session) {
  const std::uint32_t oid = session->target.oid;
  const std::function<asio::awaitable<Result<bool>>(pg::Connection*)> ask =
      [oid](pg::Connection* connection) { return may_maintain(connection, oid); };
  const Result<bool> may = co_await session->control.attempt<bool>(ask);
  co_return may && *may;
}

asio::awaitable<void> tell_growth(Session* session) {
  const std::uint32_t oid = session->target.oid;
  const Result<TableStart> start = co_await start_of_table(session);
  const std::function<asio::awaitable<Result<TableReading>>(pg::Connection*)> measure =
      [oid](pg::Connection* connection) { return read_table(connection, oid); };
  const Result<TableReading> now = co_await session->control.attempt<TableReading>(measure);
  if (!start || !now || start->bytes.value <= 0) co_return;
  const double grown = 100.0 * static_cast<double>((now->bytes - start->bytes).value) /
                       static_cast<double>(start->bytes.value);
  session->closing.push_back(fmt::format(
      "{} with its indexes and TOAST: {}, and {} when the job began with it ({:+.0f} %)",
      quote_name(session->target.table), size_text(now->bytes), size_text(start->bytes), grown));
}

asio::awaitable<void> advise(Session* session) {
  const std::uint32_t oid = session->target.oid;
  const std::function<asio::awaitable<Result<DeadRows>>(pg::Connection*)> count =
      [oid](pg::Connection* connection) { return read_dead_rows(connection, oid); };
  const Result<DeadRows> rows = co_await session->control.attempt<DeadRows>(count);
  if (!rows || rows->dead * dead_share_worth_telling < rows->live || rows->dead == 0) co_return;
  session->closing.push_back(
      fmt::format("about {} replaced row versions are still there: VACUUM {}, or autovacuum in its "
                  "time, makes room of them",
                  rows->dead, quote_name(session->target.table)));
}

}  // namespace

asio::awaitable<void> close_table(Session* session) {
  const std::string sql = closing_sql(*session);
  const bool may = co_await may_be_maintained(session);
  if (!sql.empty() && may && !session->stop_reason) {
    session->tell(Level::info, "information", "closing", sql);
    session->waiting_for = sql;
    const Result<void> done = co_await maintain(session, sql);
    session->waiting_for.clear();
    if (!done && !session->stop_reason) {
      session->closing.push_back(
          fmt::format("{} did not come to its end: {}", sql, done.error().message));
    }
  }
  if (session->stop_reason) co_return;
  co_await tell_growth(session);
  co_await advise(session);
}

}  // namespace backfill::run
