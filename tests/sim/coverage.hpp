#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace backfill::sim {

/// What a world came to see. A simulator that never gets into trouble proves nothing, so a test
/// asks that each of these is met.
enum class Seen : std::size_t {
  batch,  ///< committed
  range_opened,
  chain_of_ten,  ///< a sweep of ten ranges or more
  two_batches_at_once,
  stripe_ended,  ///< and another one of the range began
  crash,
  life,                 ///< of a runner
  orphan_committed,     ///< a transaction whose client had gone
  orphan_in_next_life,  ///< … and was about to commit when a new runner had taken over
  refused_by_epoch,
  refused_by_cursor,
  waited_for_checkpoint,  ///< a transaction waited for another's checkpoint row
  settled_as_committed,
  settled_as_undone,
  commits_lost,       ///< to a crash of the server
  reopened_by_crash,  ///< a range that its runner took for done
  bad_row_named,
  row_quarantined,
  quarantined_by_orphan,  ///< its client had gone
  quarantine_refused,     ///< full, or rows mostly failed
  drained,
  lease_lost,
  gave_up,
  completed,
  count_,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Seen::count_)> seen_names{
    "batch",
    "range_opened",
    "chain_of_ten",
    "two_batches_at_once",
    "stripe_ended",
    "crash",
    "life",
    "orphan_committed",
    "orphan_in_next_life",
    "refused_by_epoch",
    "refused_by_cursor",
    "waited_for_checkpoint",
    "settled_as_committed",
    "settled_as_undone",
    "commits_lost",
    "reopened_by_crash",
    "bad_row_named",
    "row_quarantined",
    "quarantined_by_orphan",
    "quarantine_refused",
    "drained",
    "lease_lost",
    "gave_up",
    "completed",
};

struct Coverage {
  std::array<std::int64_t, static_cast<std::size_t>(Seen::count_)> counts{};

  void add(Seen what) { ++counts[static_cast<std::size_t>(what)]; }
  [[nodiscard]] std::int64_t of(Seen what) const { return counts[static_cast<std::size_t>(what)]; }
  Coverage& operator+=(const Coverage& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    return *this;
  }
};

}  // namespace backfill::sim
