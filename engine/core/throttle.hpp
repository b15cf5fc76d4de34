#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/time.hpp"
#include "core/work.hpp"

namespace backfill {

/// A reading of something that should slow the work down: the higher the worse.
struct Signal {
  std::string name;  ///< stable, e.g. "replica_lag": time lost is added up under it
  double value = 0;
  double slow = 0;  ///< from here the pace falls
  double stop = 0;  ///< from here on nothing starts
  Instant taken_at{};
  std::string text;              ///< with figures: "lag of standby2 3.1 s of 5 s"
  std::optional<double> seen{};  ///< where `value` looks ahead: what is there now
  std::string end{};  ///< why the job should end, when it should: waiting on is of no use
};

/// How long a signal may be silent.
struct SilenceLimits {
  Duration stop = std::chrono::seconds(5);  ///< then nothing starts
  Duration end = std::chrono::minutes(5);   ///< then the job ends, resumable
  bool holds = false;  ///< it says when the job may work at all: not even DDL begins against it
};

/// Why nothing at all may begin now.
struct Hold {
  std::string reason;
  bool wished = false;  ///< a pause or a plan says so; false: it is not known yet whether one does
};

/// Combines all signals into one pace. The worst signal decides; a required one that has fallen
/// silent, or was never heard, stops the work (fails closed), and in the end the job.
///
/// Between `slow` and `stop` the pace falls exponentially, from 1 to a twentieth: the same step of
/// lag takes the same part of the pace. So how hard the throttle reacts does not depend on how many
/// times faster we are than what we wait for (with a straight line it would, and a runner ten times
/// faster than its standby would swing); and where we are but a little too fast, the pace settles
/// near `slow` and not half-way to `stop`.
class Throttle {
 public:
  /// From `now` on the signal must be heard. Called again it only changes the limits.
  void require(const std::string& name, SilenceLimits limits, Instant now);

  /// The signal is no more: a standby that was removed, a throttle that was switched off.
  void forget(const std::string& name);

  /// An older reading than the one known is ignored.
  void on_signal(Signal signal);

  /// The signal could not be read, and why; told when its silence stops the work.
  void on_failure(const std::string& name, std::string why);

  /// An operator wants nothing to start, whatever the signals say: this is why, and "pause" is what
  /// the time is lost to. Empty: go on.
  void pause(std::string reason) { paused_ = std::move(reason); }

  /// Whether nothing at all may begin, by a pause or a signal that `holds`.
  [[nodiscard]] std::optional<Hold> hold(Instant now);

  /// The pace from `now` on, when it is worth telling: stopped or released, another signal, a
  /// fraction that moved by a tenth, or from time to time another text of the same signal. To be
  /// asked several times a second, whether a signal came or not: silences run out and paces rise in
  /// between.
  [[nodiscard]] std::optional<PaceChanged> decide(Instant now);

  /// The pace in force, with its figures as of the last decision.
  [[nodiscard]] const PaceChanged& pace() const { return pace_; }

  /// Why the job should end: a signal says so, or a required one has been silent for too long.
  [[nodiscard]] std::optional<std::string> end_request(Instant now) const;

  /// Working time lost up to the last decision, by the name of the signal that cost it.
  [[nodiscard]] const std::map<std::string, Duration>& time_lost() const { return time_lost_; }

 private:
  struct Source {
    std::optional<Signal> last;
    std::optional<SilenceLimits> required;
    Instant heard_at{};    ///< the last reading; before the first one, since when it is required
    std::string failure;   ///< of the last attempt; empty after a reading
    bool stopped = false;  ///< by its value; released only well below it, and not by silence
  };
  struct Verdict {
    double fraction = 1.0;
    bool stopped = false;
    bool silent = false;  ///< stopped for want of a recent reading
    bool unread = false;  ///< … and there was no first one yet
    std::string name;
    std::string reason;
  };

  [[nodiscard]] Verdict judge(const std::string& name, Source& source, Instant now) const;
  [[nodiscard]] Verdict worst(Instant now);
  void account(Instant now);
  [[nodiscard]] double eased(double fraction, Instant now) const;
  [[nodiscard]] bool is_telling(Instant now) const;

  std::map<std::string, Source> sources_;
  std::string paused_;
  PaceChanged pace_;
  bool unread_ = false;   ///< the last decision was a stop for want of a first reading
  std::string limiting_;  ///< the signal that the pace in force is owed to
  PaceChanged told_;
  Instant told_at_{};
  std::string told_limiting_;
  std::optional<Instant> decided_at_;
  std::map<std::string, Duration> time_lost_;
};

}  // namespace backfill
