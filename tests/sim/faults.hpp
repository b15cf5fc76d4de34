#pragma once

#include "sim/dice.hpp"

namespace backfill::sim {

/// How likely each misfortune is in one world: of each thing sent, or of each tick of chaos.
struct Faults {
  // Of each thing sent.
  double never_sent = 0;      ///< the connection is lost before the statement
  double lost_in_flight = 0;  ///< the connection is lost; the server may commit, now or later
  double deadlock = 0;
  double serialization = 0;
  double lock_timeout = 0;
  double statement_timeout = 0;  ///< grows with the rows of the batch
  double probe_failure = 0;
  double range_failure = 0;  ///< of opening, closing, settling
  double fatal = 0;
  double slow = 0;
  double cancel_lost = 0;  ///< of each cancel request
  // Of each event and each action.
  double crash = 0;
  // Of each tick of chaos.
  double slot_down = 0;
  double pace_change = 0;
  double pace_silence = 0;
  double waiter = 0;
  double settings_change = 0;
  double stop = 0;
  double rival = 0;  ///< another runner takes the lease while this one lives
  double clock_jump = 0;
  double server_restart = 0;
  double server_crash = 0;  ///< takes commits that were not on the disk yet
  double early_wake = 0;
};

/// Bugs of the world's own, to prove that the checks would see them.
enum class Planted {
  none,
  checkpoint_ignores_cursor,  ///< the server does not compare the cursor
  checkpoint_ignores_stripe,  ///< the server does not compare the stripe
  takeover_keeps_epochs,  ///< a new runner does not restamp the ranges, and fences by epoch only
  settle_invents_answer,  ///< an unknown COMMIT is taken for a failed one, unread
  checkpoint_ignores_settling,   ///< the server does not compare how often it was settled
  phase_end_trusts_checkpoints,  ///< a completed sweep does not look at the disk again
  count_recorded_twice,          ///< with the batch and, by its runner, again after it
  quarantine_by_itself,          ///< the quarantine is written before the fence has agreed
  quarantine_forgets_row,        ///< the cursor passes the row, and nothing is written
  end_taken_for_row,         ///< where a batch of one key has failed, its end is taken for the row
  lost_ack_told_as_failure,  ///< an unknown COMMIT is reported as if the server had undone it
};

/// Swarm testing (Groce et al., ISSTA 2012): a world that leaves out half of the faults reaches
/// states that a world with all of them at once never survives to see.
[[nodiscard]] Faults draw_faults(Dice& dice);

}  // namespace backfill::sim
