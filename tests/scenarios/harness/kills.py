"""kill -9 at random moments of a command that is given again until it ends."""

import time


def until_done(s, *arguments, longest, kills):
    """Gives a command again after each kill, and kills it no more after `kills` times; each comes
    within `longest` seconds of the start. Gives how many came while it ran."""
    for kill in range(kills):
        run = s.start(*arguments)
        time.sleep(s.rng.uniform(0.0, longest))
        if run.ended:
            run.wait(expect=0)
            return kill
        run.kill_nine()
    s.backfill(*arguments)
    return kills
