#pragma once

#include <map>
#include <optional>
#include <string>

#include "backfill/job.hpp"
#include "core/throttle.hpp"
#include "core/time.hpp"
#include "core/work.hpp"

namespace backfill::sim::pace {

/// What the good neighbour has promised, judged from what was told to it and from the truth of the
/// model, with arithmetic of its own. One oracle lives as long as one run of the job.
class Oracle {
 public:
  /// How often the throttle is asked.
  static constexpr Duration beat = std::chrono::milliseconds{100};

  explicit Oracle(std::optional<RowCount> rows_per_second) : rate_(rows_per_second) {}

  // What the interpreter hears.
  void required(const std::string& name, SilenceLimits limits, Instant now);
  void heard(const Signal& signal);
  void no_more(const std::string& name);
  void paused(bool paused) { paused_ = paused; }

  /// A standby that the job waits for was missing in a reading, or is there again.
  void missing(const std::string& standby, Instant at, Duration absence_max);
  void present(const std::string& standby) { missing_.erase(standby); }

  /// The lag that was published for a standby, and what it was in truth.
  static void estimated(double published_seconds, Duration truth, Duration tolerance);

  /// The lag that was published for a standby that has been level for long. A reading that was
  /// `old` on its arrival may show it as far behind as that.
  static void level(double published_seconds, Duration old);

  /// After each decision of the throttle: the pace in force, and whether the end was asked for.
  void decided(Instant now, const PaceChanged& pace, bool end_asked);
  void check_time_lost(const std::map<std::string, Duration>& time_lost) const;

  void batch_starts(SlotId slot, Instant now, int busy, const PaceSettings& pace);
  /// The slot has worked for that long, and may rest.
  void batch_ends(SlotId slot, Duration worked, Instant now);
  void rows_done(std::int64_t rows, Instant now, const PaceSettings& pace);
  void rows_per_second_changed(std::optional<RowCount> rows_per_second);
  static void waited(Duration waited, Duration allowed);

  /// By the last decision.
  [[nodiscard]] const std::string& limiting() const { return limiting_; }

 private:
  struct Known {
    std::optional<Signal> last;
    std::optional<SilenceLimits> required;
    Instant heard_at{};
    bool held = false;  ///< at `stop`, and not yet half-way back to `slow`
  };
  /// What one signal asks for.
  struct Demand {
    double fraction = 1;
    bool stopped = false;
    bool unread = false;
    std::string name;
  };
  [[nodiscard]] static Demand demand_of(const std::string& name, const Known& known, Instant now);
  [[nodiscard]] Demand worst(Instant now) const;
  void check_pace(const Demand& demand, const PaceChanged& pace, Instant now) const;
  [[nodiscard]] bool end_is_due(Instant now) const;

  std::map<std::string, Known> known_;
  std::map<std::string, Instant> missing_;  ///< since when
  bool missing_too_long_ = false;
  bool paused_ = false;
  std::optional<RowCount> rate_;
  bool rate_changed_ = false;
  int connections_most_ = 0;
  double bucket_ = 0;
  Instant bucket_at_{};

  struct Rest {
    Instant since{};
    double worked_seconds = 0;
  };
  std::map<int, Rest> rests_;  ///< by slot

  std::optional<Instant> decided_at_;
  double fraction_ = 1;
  bool stopped_ = false;
  bool unread_ = false;
  std::string limiting_;
  std::map<std::string, double> seconds_lost_;
  int decisions_ = 0;
};

}  // namespace backfill::sim::pace
