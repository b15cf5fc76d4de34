#include "run/ddl_watch.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"
#include "signals/blockers.hpp"

namespace backfill::run {

namespace {

constexpr Duration look_deadline = std::chrono::seconds{3};
constexpr Duration look_interval = std::chrono::milliseconds{500};
constexpr Duration look_interval_min = std::chrono::milliseconds{20};
/// A wait is told when it has lasted this long, and again at this pace.
constexpr Duration wait_worth_telling = std::chrono::seconds{3};
constexpr Duration wait_told_every = std::chrono::seconds{60};

/// Who holds the table is asked in the statement that signals, so that nobody is hit who has let go
/// meanwhile. The signal stands in the list of columns, behind materialized rows: as a condition
/// the planner might test it on every session before the others. Vacuum workers give way by
/// themselves, and come back if they must not be kept off; what a session is may be hidden from our
/// role, but a vacuum worker has no user.
constexpr const char* terminate_sql = R"(
WITH wanted AS MATERIALIZED (
  SELECT l.database, l.relation FROM pg_catalog.pg_locks AS l
  WHERE l.pid = $1::int AND NOT l.granted AND l.locktype = 'relation'),
holding AS MATERIALIZED (
  SELECT DISTINCT l.pid FROM pg_catalog.pg_locks AS l
  JOIN wanted AS w ON w.database = l.database AND w.relation = l.relation
  WHERE l.granted AND l.locktype = 'relation'
    AND l.pid = ANY (pg_catalog.pg_blocking_pids($1::int))),
blocking AS MATERIALIZED (
  SELECT a.pid, a.usename, a.application_name, a.state,
         EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) AS age
  FROM holding AS h JOIN pg_catalog.pg_stat_activity AS a ON a.pid = h.pid
  WHERE a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend')
SELECT b.pid, b.usename, b.application_name, b.state, b.age, pg_catalog.pg_terminate_backend(b.pid)
FROM blocking AS b)";

/// The share of the stage that runs: of blocks where there are any, else of tuples, else of the
/// sessions that are waited for.
constexpr const char* progress_sql = R"(
SELECT p.phase,
       CASE WHEN p.blocks_total > 0 THEN 100 * p.blocks_done / p.blocks_total
            WHEN p.tuples_total > 0 THEN 100 * p.tuples_done / p.tuples_total
            WHEN p.lockers_total > 0 THEN 100 * p.lockers_done / p.lockers_total END
FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.pid = $1::int)";

}  // namespace

DdlWatch::DdlWatch(asio::any_io_executor executor, pg::ConnectOptions options, std::uint64_t seed)
    : executor_(executor),
      link_(executor, std::move(options), seed),
      timer_(executor),
      ended_(executor) {}

asio::awaitable<void> DdlWatch::connect() {
  // Whoever is watched works on without us: names of blockers are a courtesy.
  const Result<pg::Connection*> ignored = co_await link_.connect();
  static_cast<void>(ignored);
}

void DdlWatch::begin(int backend_pid, std::string doing, Duration lock_timeout, bool force) {
  force_ = force;
  backend_pid_ = backend_pid;
  doing_ = std::move(doing);
  stage_.clear();
  blockers_.clear();
  // Twice at least within one try's wait, or nobody would have been seen.
  interval_ = std::clamp(lock_timeout / 3, look_interval_min, look_interval);
  waits_since_ = {};
  reported_ = {};
  over_ = false;
  watching_ = true;
  asio::co_spawn(executor_, watch(), asio::detached);
}

asio::awaitable<void> DdlWatch::end() {
  over_ = true;
  timer_.cancel();
  while (watching_) {
    ended_.expires_after(std::chrono::seconds{1});
    boost::system::error_code ignored;
    co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  doing_.clear();
  stage_.clear();
}

asio::awaitable<void> DdlWatch::watch() {
  while (!over_) {
    timer_.expires_after(interval_);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (over_) break;
    const Result<pg::Connection*> connection = co_await link_.connect();
    if (connection && !over_) co_await look(*connection);
  }
  watching_ = false;
  ended_.cancel();
}

asio::awaitable<void> DdlWatch::look(pg::Connection* connection) {
  std::vector<int> waiting{backend_pid_};
  const Result<std::vector<Blocked>> blocked =
      co_await read_blockers(connection, std::move(waiting));
  // What a wait was last seen to be for outlives it: it is asked for after a failed try.
  if (!blocked || over_) co_return;
  if (blocked->empty()) {
    waits_since_ = {};
  } else {
    blockers_ = blocked->front().by;
    report_wait(pg::now());
    if (force_) co_await terminate_blockers(connection);
    if (over_) co_return;
  }
  std::vector<pg::Param> pid;
  pid.emplace_back(std::to_string(backend_pid_));
  const Result<pg::Rows> progress =
      co_await connection->query(progress_sql, std::move(pid), look_deadline);
  if (!progress || over_) co_return;
  stage_.clear();
  if (progress->values.empty()) co_return;
  const pg::Row& row = progress->values.front();
  stage_ = pg::text_field(row, 0);
  const auto percent = pg::optional_integer_field(row, 1);
  if (percent) stage_ += fmt::format(", {} %", std::min<std::int64_t>(*percent, 100));
}

asio::awaitable<void> DdlWatch::terminate_blockers(pg::Connection* connection) {
  std::vector<pg::Param> pid;
  pid.emplace_back(std::to_string(backend_pid_));
  const Result<pg::Rows> ended = co_await connection->query(terminate_sql, pid, look_deadline);
  if (!ended) {
    if (on_refused) {
      on_refused(fmt::format("{}: {}", blockers_, ended.error().message));
    }
    co_return;
  }
  for (const pg::Row& row : ended->values) {
    if (pg::bool_field(row, 5) && on_terminated) on_terminated(session_text(row, 0));
  }
}

void DdlWatch::report_wait(Instant now) {
  if (waits_since_ == Instant{}) waits_since_ = now;
  if (now - waits_since_ < wait_worth_telling) return;
  if (reported_ != Instant{} && now - reported_ < wait_told_every) return;
  reported_ = now;
  if (on_wait) on_wait(doing());
}

std::string DdlWatch::doing() const {
  if (doing_.empty()) return {};
  std::string text = doing_;
  if (!stage_.empty()) text += ": " + stage_;
  if (waits_since_ != Instant{}) text += ": waiting for " + blockers_;
  return text;
}

}  // namespace backfill::run
