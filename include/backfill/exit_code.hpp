#pragma once

namespace backfill {

/// The exit codes that scripts rely on; their values are frozen.
enum class ExitCode {
  done = 0,
  failed = 1,
  usage = 2,        ///< bad arguments or job file; nothing touched
  refused = 3,      ///< preflight said no; nothing touched
  differences = 4,  ///< verification found differences
  stopped = 5,      ///< stopped and resumable
  owned = 6,        ///< another runner owns the job
  not_done = 7,     ///< `gate`: not done yet
};

}  // namespace backfill
