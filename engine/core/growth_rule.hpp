#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backfill/job.hpp"
#include "backfill/units.hpp"
#include "core/time.hpp"

namespace backfill {

/// What a job found when it began with a table.
struct TableStart {
  ByteCount bytes;               ///< heap, TOAST, maps and indexes
  std::optional<RowCount> rows;  ///< absent when nobody knows
};

/// The table at one moment.
struct TableReading {
  Instant taken_at{};  ///< not later than the figures
  ByteCount bytes;
  std::int64_t vacuums = 0;      ///< that have ended, whoever began them
  bool being_vacuumed = false;   ///< by anybody
  std::int64_t updates = 0;      ///< since the server counts them, by anybody
  std::int64_t hot_updates = 0;  ///< of them, those that stayed on their page
};

/// How many rows a sweep has changed in this run, and how many its batches in flight may change.
struct SweepWork {
  RowCount changed;
  RowCount in_flight;
  bool keeps_small = false;  ///< stripes leave room for new versions as they go
};

struct GrowthVerdict {
  /// So many rows may be begun with from now on; absent: any number. None while a reading or the
  /// end of a VACUUM is waited for.
  std::optional<RowCount> allowed;
  bool end = false;     ///< the next rows would cross the limit, and no VACUUM can help
  bool vacuum = false;  ///< it is time for one
  bool look = false;    ///< a reading is wanted as soon as can be
  std::string text;     ///< with figures: why there is a limit on what may begin
};

/// When to VACUUM a table that a job changes, and when to stop before it has grown too much.
///
/// Every row that is changed may add a version to the heap and to each index: as many bytes as a
/// row has had so far, with a margin. The limit is never left to a measurement that comes too late:
/// what has been changed since the last reading and what is in flight are added to it at that
/// price, and only as many rows may begin as then fit; until the next reading, half of that.
///
/// A file never shrinks, so a VACUUM shows only in that the table stops growing. After one (and at
/// the beginning of a run, before which somebody may have cleaned up) the sweep may therefore try
/// to use all that is left; once the table is seen to grow, a reserve of a twentieth of the allowed
/// growth stays untouched. So a run that comes after a VACUUM by hand finds room to see
/// whether it has helped.
class GrowthRule {
 public:
  GrowthRule(TableStart start, const SafetySettings& settings);

  void set(const SafetySettings& settings);

  /// `work` is that of the moment at which the reading was asked for.
  void on_reading(const TableReading& reading, const SweepWork& work);

  /// A VACUUM of ours; one that did not come to its end is not tried again at once.
  void on_vacuum_begun(const SweepWork& work);
  void on_vacuum_done();
  void on_vacuum_failed(Instant now);

  [[nodiscard]] GrowthVerdict decide(const SweepWork& work, Instant now);

  /// Whether anything depends on readings.
  [[nodiscard]] bool wants_readings() const;

  /// "the table is 12.1 % larger than when the job began with it (330 MB, from 295 MB)";
  /// empty before the first reading.
  [[nodiscard]] std::string figures() const;

 private:
  void look_for_growth(const TableReading& reading, const SweepWork& work);
  [[nodiscard]] double allowance() const;
  [[nodiscard]] double bytes_per_row() const;
  [[nodiscard]] bool measured_rows() const;
  [[nodiscard]] std::int64_t rows_known() const;
  [[nodiscard]] bool half_way() const;
  [[nodiscard]] bool due_by_rows(const SweepWork& work) const;
  [[nodiscard]] bool worth_a_vacuum(const SweepWork& work) const;
  void judge_limit(const SweepWork& work, Instant now, GrowthVerdict* verdict) const;
  void judge_end(const SweepWork& work, Instant now, GrowthVerdict* verdict) const;

  TableStart start_;
  std::optional<int> max_growth_;
  VacuumSettings vacuum_;

  std::optional<Instant> asked_at_;    ///< for the first time: a reading is wanted since then
  std::optional<TableReading> first_;  ///< of this run
  std::optional<TableReading> last_;
  SweepWork work_at_last_;
  double step_price_ = 0;   ///< bytes a row, of the dearest step of late
  ByteCount anchor_bytes_;  ///< since when growth is looked for
  RowCount anchor_changed_;
  bool hopeful_ = true;  ///< nothing has been seen to grow since a VACUUM, or since the run began

  RowCount changed_at_vacuum_;        ///< when the last one began
  std::optional<RowCount> began_at_;  ///< one is running since so many rows had been changed
  bool ours_ = false;                 ///< … and it is ours
  int counted_ours_ = 0;  ///< of those that we know to have ended and the server has not told of
  int failures_ = 0;      ///< in a row
  Instant not_before_{};
};

/// 1234567890 as "1.2 GB", in powers of 1024 like the server's own pg_size_pretty.
[[nodiscard]] std::string size_text(ByteCount bytes);

}  // namespace backfill
