#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "core/backoff.hpp"
#include "core/random.hpp"
#include "jobs/online_ddl.hpp"
#include "run/control_link.hpp"
#include "run/ddl_watch.hpp"
#include "run/run.hpp"

namespace backfill::run {

/// Whose DDL it is: nothing is run for a job that another runner has taken over.
struct DdlFence {
  JobId job;
  Epoch epoch;
};

struct DdlSettings {
  /// Of one try. While an ALTER TABLE waits for its lock, everybody queues behind it.
  Duration lock_timeout = std::chrono::seconds{1};
  Duration statement_timeout = std::chrono::seconds{30};  ///< of statements that are instant
  std::string search_path;                                ///< empty: the session's
  std::optional<DdlFence> fence;

  int tries = 100;  ///< of one statement, for want of its lock
  /// For all tries of one statement; and how long a concurrent build may wait for other
  /// transactions, behind which nobody queues.
  Duration patience = std::chrono::minutes{30};
  Duration outage = std::chrono::minutes{10};  ///< of the server, survived by `complete`
  Duration build = std::chrono::hours{72};     ///< a scan or a build
  Duration cleanup = std::chrono::seconds{30};
  BackoffSettings backoff{.base = std::chrono::milliseconds{200}, .cap = std::chrono::seconds{10}};
};

/// Runs online DDL on a connection of its own. A try that gets no lock within `lock_timeout` ends,
/// which lets the queue behind it go, and who was in the way is told; the next one follows after at
/// least that long again. One coroutine at a time.
class DdlRunner {
 public:
  using Tell = std::function<void(Level level, const std::string& reason, const std::string& text)>;
  /// The statement that is to come next by what the catalog says; none when it says "done".
  using Look =
      std::function<asio::awaitable<Result<std::optional<OnlineDdl>>>(pg::Connection* connection)>;

  DdlRunner(asio::any_io_executor executor, pg::ConnectOptions options, DdlSettings settings,
            std::uint64_t seed, Tell tell);

  /// Runs what `look` gives until it gives nothing. Safe to repeat at any moment: after a lost
  /// connection the catalog is looked at again. Errors: as of `run`.
  asio::awaitable<Result<void>> complete(Look look);

  /// Errors: `reconnect` or `ambiguous` when the connection was lost (look at the catalog before
  /// anything else), `lease_lost`, the error given to `stop`, or what the server refuses it for. An
  /// index build that failed is removed first.
  asio::awaitable<Result<void>> run(OnlineDdl statement);

  /// The same for several instant statements in one transaction.
  asio::awaitable<Result<void>> run_together(std::vector<OnlineDdl> statements);

  /// The same, and from the second try on the sessions that hold the tables are terminated: told as
  /// `session_terminated`, one each.
  asio::awaitable<Result<void>> run_by_force(std::vector<OnlineDdl> statements);

  /// A read that may take as long as a scan of the table, without parameters. Errors: as of `run`.
  asio::awaitable<Result<pg::Rows>> read(std::string sql, std::string doing);

  /// Cancels the statement that runs, and lets nothing more start: `run` then ends with `why`. An
  /// index that was being built is removed, unless the lease is lost.
  void stop(Error why);

  /// Statements that have succeeded so far, for a `look` that the catalog does not answer.
  [[nodiscard]] int completed() const { return completed_; }

  /// "building index users_email_key: scanning table, 34 %"; empty when nothing runs.
  [[nodiscard]] std::string doing() const;

  void close();

 private:
  asio::awaitable<Result<void>> until_locked(std::vector<OnlineDdl> statements, bool by_force);
  asio::awaitable<Result<void>> one_try(std::vector<OnlineDdl> statements);
  asio::awaitable<Result<void>> send_instant(pg::Connection* connection,
                                             std::vector<OnlineDdl> statements);
  asio::awaitable<Result<void>> send_long(pg::Connection* connection, OnlineDdl statement);
  asio::awaitable<Result<void>> prepare_session(pg::Connection* connection, Duration lock_timeout);
  asio::awaitable<void> remove_leftover(pg::Connection* connection, QualifiedName index);
  asio::awaitable<void> pause(Duration wait);
  [[nodiscard]] std::string failed_try(const Error& error, const std::string& sql, int attempt,
                                       Duration wait) const;

  asio::any_io_executor executor_;
  DdlSettings settings_;
  Tell tell_;
  ControlLink link_;
  DdlWatch watch_;
  asio::steady_timer pause_;
  Random random_;
  bool force_ = false;                ///< of the try that runs
  pg::Connection* in_use_ = nullptr;  ///< while a try or its cleaning up runs on it
  int completed_ = 0;
  std::optional<Error> halted_;
};

}  // namespace backfill::run
