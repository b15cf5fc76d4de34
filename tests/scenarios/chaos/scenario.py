"""Every fault that production brings, at random moments. scripts/chaos has more of them, by
$BACKFILL_CHAOS_CYCLES and $BACKFILL_CHAOS_FAULTS."""

import os

from harness.chaos import Chaos

CYCLES = 26


def play(s):
    only = os.environ.get("BACKFILL_CHAOS_FAULTS", "").split(",")
    chaos = Chaos(s, int(os.environ.get("BACKFILL_CHAOS_CYCLES", CYCLES)),
                  [name for name in only if name])
    chaos.play()
    faults = ", ".join(f"{name} {count}" for name, count in sorted(chaos.faults.items()))
    print(f"chaos: {sum(chaos.faults.values())} faults in {chaos.jobs} jobs, 0 rows off: {faults}; "
          f"answers to COMMIT lost: {chaos.network.commits_lost}", flush=True)
