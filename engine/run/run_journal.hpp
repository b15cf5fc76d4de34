#pragma once

#include <deque>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "checkpoint/run_record.hpp"
#include "core/sampler.hpp"
#include "run/control_link.hpp"
#include "run/run.hpp"

namespace backfill::run {

struct Session;

/// Keeps the run's row in `backfill.runs` and its samples. Written on connections that no batch
/// waits for, and never worth a failure: what cannot be written is left out, and said once.
class RunJournal {
 public:
  explicit RunJournal(Session* session);

  /// The run has its lease: its time begins.
  void begin();

  /// A phase begins: what the one before has come to ends here, and not at the next look.
  void turn();

  /// To be called about once a second: looks, and writes what is due.
  asio::awaitable<void> write(ControlLink* link);

  /// How the run has ended.
  void end(const Outcome& outcome) { outcome_ = outcome; }

  /// Once it has ended: the last sample and the last word. Does nothing where that was done.
  asio::awaitable<void> close(ControlLink* link);

 private:
  /// Cut, and not yet written.
  struct Due {
    Sample sample;
    Instant ended;
  };

  [[nodiscard]] Glance glance() const;
  [[nodiscard]] RunRecord record() const;
  void keep(std::optional<Sample> sample, Instant ended);
  asio::awaitable<bool> append_due(ControlLink* link);
  asio::awaitable<bool> append(ControlLink* link, Due due);
  asio::awaitable<bool> put(ControlLink* link);
  bool judge(const std::optional<Error>& error);

  Session* session_;
  Sampler sampler_;
  std::deque<Due> due_;
  Glance last_;  ///< what was seen last: of a phase that has ended, what it was like
  Instant put_due_{};
  std::optional<Outcome> outcome_;
  bool refused_ = false;  ///< the server will take none of it
  bool closed_ = false;
};

}  // namespace backfill::run
