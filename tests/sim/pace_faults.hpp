#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/dice.hpp"

namespace backfill::sim::pace {

/// How likely each misfortune is at each tick of chaos, or for each batch.
struct Faults {
  // Of each tick of chaos.
  double lag_spike = 0;     ///< a standby applies slowly, or not at all, for a while
  double lag_silent = 0;    ///< the lag cannot be read for a while
  double watch_silent = 0;  ///< who waits cannot be read for a while
  double query_silent = 0;  ///< nor the operator's query
  double query_value = 0;   ///< the operator's query has another answer
  double freeze = 0;        ///< a WAL receiver stands still
  double vanish = 0;        ///< a standby goes away
  double lock_storm = 0;    ///< sessions want rows that batches hold
  double row_lock = 0;      ///< a batch wants a row that another session holds
  double burst = 0;         ///< other sessions do much more than before
  double pause = 0;
  double settings = 0;
  double clock_jump = 0;
  double stop = 0;
  // Of each batch, answer or request.
  double slow = 0;
  double cancel_lost = 0;
  double reading_late = 0;  ///< the answer to a signal's query is a long time on its way
};

/// Bugs of the interpreter's own, to prove that the checks would see them.
enum class Planted {
  none,
  failure_republishes_last_reading,  ///< as if it were fresh
  required_signal_is_optional,
  replay_lag_alone_is_believed,
  reply_time_alone_is_believed,
  gone_standby_is_forgotten,
  lock_watch_is_late,
  stale_news_cancel_the_next_batch,
  end_request_is_dropped,
  wall_clock_is_used,
  reading_counts_from_arrival,  ///< and not from the moment at which it was asked for
  pause_is_forgotten,
  rest_is_not_kept,  ///< the sweep is told of stops only, and never of a slower pace
};

/// As of the other simulator: a random half of them, each with a weight of its own.
[[nodiscard]] Faults draw_faults(Dice& dice);

/// What a world came to see.
enum class Seen : std::size_t {
  batch,
  slowed,
  stopped_by_lag,
  stopped_by_silence,
  stopped_by_absence,
  stopped_by_query,
  frozen_receiver,
  waiter,
  gave_way,
  waited_in_blindness,  ///< for somebody to look again
  pause,
  cancel_lost,
  row_lock_timeout,
  clock_jump,
  skewed_clock,
  ended_by_signal,
  life,
  completed,
  count_,
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Seen::count_)> seen_names{
    "batch",
    "slowed",
    "stopped_by_lag",
    "stopped_by_silence",
    "stopped_by_absence",
    "stopped_by_query",
    "frozen_receiver",
    "waiter",
    "gave_way",
    "waited_in_blindness",
    "pause",
    "cancel_lost",
    "row_lock_timeout",
    "clock_jump",
    "skewed_clock",
    "ended_by_signal",
    "life",
    "completed",
};

struct Coverage {
  std::array<std::int64_t, static_cast<std::size_t>(Seen::count_)> counts{};
  void add(Seen what) { ++counts[static_cast<std::size_t>(what)]; }
  Coverage& operator+=(const Coverage& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    return *this;
  }
};

}  // namespace backfill::sim::pace
