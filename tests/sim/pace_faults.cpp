#include "sim/pace_faults.hpp"

namespace backfill::sim::pace {

Faults draw_faults(Dice& dice) {
  Faults faults;
  if (dice.chance(0.02)) return faults;
  const auto draw = [&dice](double& weight, double low, double high) {
    if (dice.chance(0.5)) weight = dice.log_uniform(low, high);
  };
  draw(faults.lag_spike, 0.01, 0.3);
  draw(faults.lag_silent, 0.005, 0.1);
  draw(faults.watch_silent, 0.005, 0.1);
  draw(faults.query_silent, 0.005, 0.1);
  draw(faults.query_value, 0.01, 0.5);
  draw(faults.freeze, 0.005, 0.1);
  draw(faults.vanish, 0.005, 0.1);
  draw(faults.lock_storm, 0.01, 0.5);
  draw(faults.row_lock, 0.01, 0.3);
  draw(faults.burst, 0.01, 0.2);
  draw(faults.pause, 0.005, 0.1);
  draw(faults.settings, 0.005, 0.1);
  draw(faults.clock_jump, 0.005, 0.1);
  draw(faults.stop, 0.002, 0.03);
  draw(faults.slow, 0.01, 0.3);
  draw(faults.cancel_lost, 0.05, 0.8);
  draw(faults.reading_late, 0.005, 0.2);
  return faults;
}

}  // namespace backfill::sim::pace
