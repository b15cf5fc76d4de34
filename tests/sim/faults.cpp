#include "sim/faults.hpp"

namespace backfill::sim {

Faults draw_faults(Dice& dice) {
  Faults faults;
  if (dice.chance(0.02)) return faults;
  const auto draw = [&dice](double& weight, double low, double high) {
    if (dice.chance(0.5)) weight = dice.log_uniform(low, high);
  };
  draw(faults.never_sent, 0.002, 0.2);
  draw(faults.lost_in_flight, 0.002, 0.3);
  draw(faults.deadlock, 0.002, 0.2);
  draw(faults.serialization, 0.002, 0.2);
  draw(faults.lock_timeout, 0.002, 0.2);
  draw(faults.statement_timeout, 0.002, 0.2);
  draw(faults.probe_failure, 0.002, 0.2);
  draw(faults.range_failure, 0.002, 0.3);
  if (dice.chance(0.3)) draw(faults.fatal, 0.001, 0.02);
  draw(faults.slow, 0.002, 0.3);
  draw(faults.cancel_lost, 0.05, 1.0);
  draw(faults.crash, 0.001, 0.03);
  draw(faults.slot_down, 0.001, 0.1);
  draw(faults.pace_change, 0.005, 0.3);
  draw(faults.pace_silence, 0.001, 0.02);
  draw(faults.waiter, 0.005, 0.3);
  draw(faults.settings_change, 0.002, 0.1);
  draw(faults.stop, 0.001, 0.02);
  draw(faults.rival, 0.001, 0.02);
  draw(faults.clock_jump, 0.001, 0.02);
  draw(faults.server_restart, 0.001, 0.02);
  draw(faults.server_crash, 0.005, 0.1);
  draw(faults.early_wake, 0.005, 0.1);
  return faults;
}

}  // namespace backfill::sim
