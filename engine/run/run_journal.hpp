#pragma once

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

  /// To be called about once a second: looks, and writes what is due.
  asio::awaitable<void> write(ControlLink* link);

  /// How the run has ended.
  void end(const Outcome& outcome) { outcome_ = outcome; }

  /// Once it has ended: the last sample and the last word. Does nothing where that was done.
  asio::awaitable<void> close(ControlLink* link);

 private:
  [[nodiscard]] Glance glance() const;
  [[nodiscard]] RunRecord record() const;
  asio::awaitable<bool> append(ControlLink* link, Sample sample);
  asio::awaitable<bool> put(ControlLink* link);
  bool judge(const std::optional<Error>& error);

  Session* session_;
  Sampler sampler_;
  Instant put_due_{};
  std::optional<Outcome> outcome_;
  bool refused_ = false;  ///< the server will take none of it
  bool closed_ = false;
};

}  // namespace backfill::run
