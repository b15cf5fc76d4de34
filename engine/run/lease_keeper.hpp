#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "checkpoint/event_queue.hpp"
#include "checkpoint/lease.hpp"
#include "run/control_desk.hpp"
#include "run/control_link.hpp"

namespace backfill::run {

class RunJournal;

/// Shows on a connection of its own that the runner lives, with its progress, and writes the events
/// that operators read in `backfill.events`.
class LeaseKeeper {
 public:
  LeaseKeeper(asio::any_io_executor executor, pg::ConnectOptions options, Lease lease,
              std::uint64_t seed);

  /// The JSON for `backfill.leases.progress`.
  std::function<std::string()> progress;
  /// Called once, when another runner has the job.
  std::function<void(Error)> on_lost;
  /// Attended between beats, on the same connection; may be null.
  ControlDesk* desk = nullptr;
  /// Written between beats, on the same connection; may be null.
  RunJournal* journal = nullptr;

  /// Queued until the next beat, and written exactly once.
  void record(EventRecord event);

  /// Beats until `stop`, then writes what is queued.
  asio::awaitable<void> keep();
  void stop();
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  asio::awaitable<void> beat();
  asio::awaitable<void> rest();
  asio::awaitable<void> write_events();

  ControlLink link_;
  Lease lease_;
  asio::steady_timer timer_;
  EventQueue events_;
  bool stopping_ = false;
  bool lost_ = false;
};

}  // namespace backfill::run
