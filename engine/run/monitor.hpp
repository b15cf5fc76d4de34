#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/job.hpp"
#include "core/engine.hpp"
#include "core/target.hpp"
#include "core/throttle.hpp"
#include "run/children.hpp"
#include "run/control_link.hpp"
#include "run/lock_watch.hpp"
#include "run/signal_readers.hpp"
#include "run/standbys.hpp"
#include "signals/company.hpp"
#include "signals/replica_lag_signal.hpp"
#include "signals/source.hpp"

namespace backfill::run {

/// Reads the signals and tells the running sweep what follows from them. The operator's query, the
/// standbys that are asked themselves and the watch over lock waits have connections and paces of
/// their own: however slow one of them is, the others are read in time.
class Monitor {
 public:
  /// Where the events go, and which server processes are ours (none behind a pooler).
  struct Audience {
    std::function<void(Event)> tell;
    std::function<std::vector<int>()> our_backends;
    /// The slot whose batch a process ran at that moment and still runs.
    std::function<std::optional<SlotId>(int, Instant)> slot_of_backend;
    std::function<std::optional<KeyValue>()> watermark;
    std::function<void(double)> at_position;  ///< how far into the key the watermark lies, 0..1
    Target target;
  };

  /// What is watched from the beginning to the end of a run.
  struct Watched {
    std::uint32_t table = 0;  ///< its oid
    std::vector<AskedStandby> standbys;
  };

  Monitor(asio::any_io_executor executor, pg::ConnectOptions options, ThrottleSettings settings,
          Watched watched, std::uint64_t seed);

  /// Told what an operator should read: a short stable reason, and a sentence.
  std::function<void(std::string reason, std::string text)> on_note;

  /// Reads until `stop`. Sweeps come and go meanwhile.
  asio::awaitable<void> watch();
  void stop();

  /// Limits that change while it runs.
  void set(ThrottleSettings settings);

  /// Told, again and again, while a pause or a plan lets nothing begin.
  std::function<void(const std::string& reason)> on_hold;

  /// Whether nothing at all may begin now.
  [[nodiscard]] std::optional<Hold> hold();

  /// Nothing starts any more, for this reason, until told with an empty one.
  void pause(std::string reason);

  /// Who is told from now on; at once of the pace in force.
  void listen(Audience audience);

  /// "standby1 0.1 s, standby2 2.4 s"; empty without standbys.
  [[nodiscard]] std::string lag() const;
  /// Of the standby that is furthest behind; absent without standbys.
  [[nodiscard]] std::optional<double> worst_lag_s() const;

  [[nodiscard]] const std::map<std::string, Duration>& time_lost() const {
    return throttle_.time_lost();
  }

 private:
  void connect_lock_watch();
  void connect(SignalReaders* readers);
  void watch_standbys(std::vector<AskedStandby> standbys, std::uint64_t seed);
  void require_own();
  asio::awaitable<void> read_lag();
  asio::awaitable<void> read_own();
  void take(const std::string& name, Result<Reading> reading);
  asio::awaitable<void> read_company();
  asio::awaitable<void> read_position();
  asio::awaitable<void> decide_on_beats();
  void decide();

  ThrottleSettings settings_;
  /// A signal that every job has, read on the connection that the lag is read on.
  struct Own {
    std::unique_ptr<SignalSource> source;
    Instant due{};
  };

  struct SeenLag {
    double seconds = 0;
    Instant taken_at{};
  };

  ControlLink link_;
  asio::steady_timer timer_;
  asio::steady_timer decision_timer_;
  Throttle throttle_;
  ReplicaLagSignal lag_;
  Instant lag_due_{};
  std::vector<Own> own_;
  LockWatch lock_watch_;
  SignalReaders query_reader_;
  SignalReaders job_readers_;
  std::vector<std::unique_ptr<SignalReaders>> standby_readers_;  ///< one for each
  Children children_;  ///< the watches of all of these, and the decisions
  Company company_;
  Instant company_due_{};
  Instant position_due_{};
  std::map<std::string, SeenLag> lags_;  ///< by standby
  CompanySeen company_seen_;
  Audience audience_;
  bool stopping_ = false;
  bool end_asked_ = false;
};

}  // namespace backfill::run
