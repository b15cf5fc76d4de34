#include "run/ddl.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "checkpoint/run_transaction.hpp"
#include "core/sql_text.hpp"
#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill::run {

namespace {

constexpr std::string_view lock_not_available = "55P03";
/// Objects that are there already, or gone already: the catalog has to be looked at again, since a
/// statement whose answer was lost, or an orphan of a former runner, has been at work.
constexpr std::array<std::string_view, 3> catalog_moved{"42710", "42P07", "42704"};
constexpr int catalog_moves_max = 5;
/// No step needs nearly as many: a catalog that never says "done" is a bug.
constexpr int statements_max = 1'000;

bool connection_lost(const Error& error) {
  return error.kind == ErrorClass::reconnect || error.kind == ErrorClass::ambiguous;
}

bool is_catalog_moved(const Error& error) {
  return std::ranges::find(catalog_moved, error.sqlstate) != catalog_moved.end();
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string shown(const std::vector<OnlineDdl>& statements) {
  std::string text;
  for (const OnlineDdl& statement : statements) {
    text += (text.empty() ? "" : "; ") + statement.sql;
  }
  return text;
}

Error needs_own_session() {
  return fatal_error(
      "a pooler that changes sessions between transactions stands before the server, and a build "
      "that must not be timed out needs a session of its own",
      "Name the server itself in --database for this job.");
}

}  // namespace

DdlRunner::DdlRunner(asio::any_io_executor executor, pg::ConnectOptions options,
                     DdlSettings settings, std::uint64_t seed, Tell tell)
    : executor_(executor),
      settings_(std::move(settings)),
      tell_(std::move(tell)),
      link_(executor, options, seed),
      watch_(executor, options, seed + 1),
      pause_(executor),
      random_(seed + 2) {
  watch_.on_wait = [this](const std::string& text) { tell_(Level::info, "ddl_waits", text); };
  watch_.on_terminated = [this](const std::string& who) {
    tell_(Level::warning, "session_terminated",
          fmt::format("terminated {}, which held what the switch waited for", who));
  };
  watch_.on_refused = [this](const std::string& why) {
    tell_(Level::warning, "session_not_terminated", "could not terminate " + why);
  };
}

asio::awaitable<Result<void>> DdlRunner::complete(Look look) {
  std::optional<Instant> lost_since;
  Backoff backoff(settings_.backoff);
  int moved = 0;
  for (int count = 0; count < statements_max; ++count) {
    if (halted_) co_return *halted_;
    Result<void> outcome;
    const Result<pg::Connection*> connection = co_await link_.connect();
    if (!connection) {
      outcome = connection.error();
    } else {
      Result<std::optional<OnlineDdl>> next = co_await look(*connection);
      if (next && !*next) co_return Result<void>{};
      if (next) {
        OnlineDdl statement = **std::move(next);
        outcome = co_await run(std::move(statement));
      } else {
        outcome = next.error();
      }
    }
    if (halted_) co_return *halted_;
    if (outcome) {
      lost_since.reset();
      backoff.reset();
      continue;
    }
    const Error error = outcome.error();
    if (is_catalog_moved(error) && ++moved <= catalog_moves_max) continue;
    if (!connection_lost(error)) co_return error;
    if (!lost_since) lost_since = pg::now();
    if (pg::now() - *lost_since > settings_.outage) co_return error;
    const Duration wait = backoff.next(random_);
    tell_(Level::warning, "ddl_connection_lost",
          fmt::format("{}; looking at the catalog again in {} ms", describe(error),
                      milliseconds(wait)));
    co_await pause(wait);
  }
  co_return fatal_error("the catalog does not come to say that the step is done",
                        "This is a bug: please report it.");
}

asio::awaitable<Result<void>> DdlRunner::run(OnlineDdl statement) {
  std::vector<OnlineDdl> alone;
  alone.push_back(std::move(statement));
  co_return co_await run_together(std::move(alone));
}

asio::awaitable<Result<void>> DdlRunner::run_together(std::vector<OnlineDdl> statements) {
  co_return co_await until_locked(std::move(statements), false);
}

asio::awaitable<Result<void>> DdlRunner::run_by_force(std::vector<OnlineDdl> statements) {
  co_return co_await until_locked(std::move(statements), true);
}

asio::awaitable<Result<void>> DdlRunner::until_locked(std::vector<OnlineDdl> statements,
                                                      bool by_force) {
  const std::string sql = shown(statements);
  const Instant begun = pg::now();
  Backoff backoff(settings_.backoff);
  for (int attempt = 1;; ++attempt) {
    if (halted_) co_return *halted_;
    force_ = by_force && attempt > 1;
    const Result<void> tried = co_await one_try(statements);
    force_ = false;
    if (tried) ++completed_;
    if (halted_) co_return *halted_;
    if (tried) co_return tried;
    Error error = tried.error();
    // A deadlock is a lock conflict, too: the server has chosen us to let go.
    if (error.kind != ErrorClass::retry_batch) co_return error;
    const Duration wait = settings_.lock_timeout + backoff.next(random_);
    const bool again = attempt < settings_.tries && pg::now() - begun + wait <= settings_.patience;
    tell_(Level::warning, "ddl_retry", failed_try(error, sql, attempt, again ? wait : Duration{}));
    if (!again) {
      error.context = sql;
      error.hint = watch_.blockers().empty()
                       ? "Run the job again when the table is less busy."
                       : "In the way: " + watch_.blockers() + ". End it, or wait for its end.";
      co_return error;
    }
    co_await pause(wait);
  }
}

asio::awaitable<Result<pg::Rows>> DdlRunner::read(std::string sql, std::string doing) {
  if (halted_) co_return *halted_;
  const Result<pg::Connection*> connected = co_await link_.connect();
  if (!connected) co_return connected.error();
  if (halted_) co_return *halted_;
  pg::Connection* connection = *connected;
  if (connection->pooled()) co_return needs_own_session();
  in_use_ = connection;
  watch_.begin(connection->backend_pid(), std::move(doing), settings_.lock_timeout);
  const Result<void> prepared = co_await prepare_session(connection, settings_.lock_timeout);
  Result<pg::Rows> rows = pg::Rows{};
  if (prepared && !halted_) {
    const std::vector<pg::Param> none;
    rows = co_await connection->query(std::move(sql), none, settings_.build);
  }
  co_await watch_.end();
  in_use_ = nullptr;
  if (halted_) co_return *halted_;
  if (!prepared) co_return prepared.error();
  co_return rows;
}

std::string DdlRunner::failed_try(const Error& error, const std::string& sql, int attempt,
                                  Duration wait) const {
  const std::string why =
      error.sqlstate == lock_not_available
          ? fmt::format("no lock within {} ms", milliseconds(settings_.lock_timeout))
          : error.message;
  return fmt::format("{}: try {}: {}; in the way: {}; {}", sql, attempt, why,
                     watch_.blockers().empty() ? "nobody was seen" : watch_.blockers(),
                     wait == Duration{} ? std::string{"giving up"}
                                        : fmt::format("trying again in {} ms", milliseconds(wait)));
}

asio::awaitable<Result<void>> DdlRunner::one_try(std::vector<OnlineDdl> statements) {
  const Result<pg::Connection*> connected = co_await link_.connect();
  if (!connected) co_return connected.error();
  co_await watch_.connect();
  if (halted_) co_return *halted_;
  pg::Connection* connection = *connected;
  const bool instant = std::ranges::all_of(
      statements, [](const OnlineDdl& statement) { return statement.shape == DdlShape::instant; });
  if (!instant && connection->pooled()) co_return needs_own_session();
  in_use_ = connection;
  if (!connection->pooled()) {
    watch_.begin(connection->backend_pid(), shown(statements), settings_.lock_timeout, force_);
  }
  Result<void> sent;
  std::optional<QualifiedName> leftover;
  if (instant) {
    sent = co_await send_instant(connection, std::move(statements));
  } else {
    OnlineDdl statement = std::move(statements.front());
    leftover = statement.leaves_behind;
    sent = co_await send_long(connection, std::move(statement));
  }
  co_await watch_.end();
  if (!sent && leftover && connection->usable()) {
    co_await remove_leftover(connection, *std::move(leftover));
  }
  in_use_ = nullptr;
  co_return sent;
}

/// The epoch cannot change between the fence and the COMMIT.
asio::awaitable<Result<void>> DdlRunner::send_instant(pg::Connection* connection,
                                                      std::vector<OnlineDdl> statements) {
  TransactionSettings transaction;
  transaction.lock_timeout = settings_.lock_timeout;
  transaction.statement_timeout = settings_.statement_timeout;
  transaction.search_path = settings_.search_path;
  transaction.synchronous = true;
  std::vector<pg::Statement> all;
  if (settings_.fence) {
    pg::Statement hold;
    hold.sql = "SELECT backfill.hold_job($1::bigint, $2::bigint)";
    hold.params.emplace_back(std::to_string(settings_.fence->job.value));
    hold.params.emplace_back(std::to_string(settings_.fence->epoch.value));
    all.push_back(std::move(hold));
  }
  Duration deadline = control_deadline;
  for (OnlineDdl& statement : statements) {
    pg::Statement ddl;
    ddl.sql = std::move(statement.sql);
    all.push_back(std::move(ddl));
    deadline += settings_.statement_timeout;
  }
  const Result<std::vector<pg::Rows>> done =
      co_await run_transaction(connection, std::move(transaction), std::move(all), deadline);
  if (!done) co_return done.error();
  co_return Result<void>{};
}

/// A scan or a build takes as long as it takes, so its session has no statement_timeout. The fence
/// is asked before it and not held: it would keep the next runner from the lease for hours.
asio::awaitable<Result<void>> DdlRunner::send_long(pg::Connection* connection,
                                                   OnlineDdl statement) {
  const bool queued_behind = statement.shape != DdlShape::concurrent;
  const Result<void> prepared = co_await prepare_session(
      connection, queued_behind ? settings_.lock_timeout : settings_.patience);
  if (!prepared) co_return prepared;
  if (halted_) co_return *halted_;
  co_return co_await connection->script(std::move(statement.sql), settings_.build);
}

/// The server itself ends a build whose client has died (14 and later): no orphan holds the table's
/// lock for hours.
asio::awaitable<Result<void>> DdlRunner::prepare_session(pg::Connection* connection,
                                                         Duration lock_timeout) {
  std::string sql =
      "SELECT pg_catalog.set_config('lock_timeout', $1, false), "
      "pg_catalog.set_config('statement_timeout', '0', false)";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(std::max<std::int64_t>(milliseconds(lock_timeout), 1)));
  if (connection->server_version() >= 140000) {
    sql += ", pg_catalog.set_config('client_connection_check_interval', '2s', false)";
  }
  if (!settings_.search_path.empty()) {
    sql += ", pg_catalog.set_config('search_path', $2, false)";
    params.emplace_back(settings_.search_path);
  }
  const Result<pg::Rows> set =
      co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!set) co_return set.error();
  if (!settings_.fence) co_return Result<void>{};
  std::vector<pg::Param> holder;
  holder.emplace_back(std::to_string(settings_.fence->job.value));
  holder.emplace_back(std::to_string(settings_.fence->epoch.value));
  const Result<pg::Rows> held = co_await connection->query(
      "SELECT backfill.hold_job($1::bigint, $2::bigint)", std::move(holder), control_deadline);
  if (!held) co_return held.error();
  co_return Result<void>{};
}

/// An invalid unique index refuses rows to the application all the same, and every invalid index
/// is kept up by each write: it must not stay. A runner that lost its lease touches nothing: the
/// next one finds the index by its name.
asio::awaitable<void> DdlRunner::remove_leftover(pg::Connection* connection, QualifiedName index) {
  if (halted_ && halted_->kind == ErrorClass::lease_lost) co_return;
  const std::string name = quote_name(index);
  std::vector<pg::Param> params;
  params.emplace_back(name);
  const Result<pg::Rows> found = co_await connection->query(
      "SELECT FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1) AND NOT "
      "indisvalid",
      std::move(params), control_deadline);
  if (!found || found->values.empty()) co_return;
  Result<void> removed = co_await prepare_session(connection, settings_.cleanup);
  if (removed) {
    std::string sql = drop_index_concurrently(index).sql;
    removed = co_await connection->script(std::move(sql), settings_.cleanup * 2);
  }
  if (removed) {
    tell_(Level::info, "index_removed", fmt::format("removed the unfinished index {}", name));
  } else {
    tell_(Level::warning, "index_left",
          fmt::format("the unfinished index {} is still there, invalid ({}): the next run removes "
                      "it, or DROP INDEX CONCURRENTLY {}",
                      name, describe(removed.error()), name));
  }
}

asio::awaitable<void> DdlRunner::pause(Duration wait) {
  if (halted_) co_return;
  pause_.expires_after(wait);
  boost::system::error_code ignored;
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void DdlRunner::stop(Error why) {
  if (!halted_) halted_ = std::move(why);
  pause_.cancel();
  if (in_use_ != nullptr) {
    in_use_->request_cancel();
  } else {
    link_.give_up();
  }
}

std::string DdlRunner::doing() const {
  return watch_.doing();
}

void DdlRunner::close() {
  link_.close();
  watch_.close();
}

}  // namespace backfill::run
