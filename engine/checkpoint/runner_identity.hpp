#pragma once

#include <string>

namespace backfill {

/// Who a runner is, to other runners and to people.
struct RunnerIdentity {
  std::string runner;  ///< a UUID drawn for this process
  std::string host;    ///< its host name
  int pid = 0;
  /// Boot, pid namespace and start time of the process: what tells it from another with its pid.
  std::string process_start;
};

/// This process. Linux only: the boot, namespace and start time are read from /proc; where that is
/// not mounted they are empty, and no other runner will take this one for dead by its pid.
[[nodiscard]] RunnerIdentity identify_runner();

/// Whether that process is known to have ended: it ran on this host, in this boot and pid
/// namespace, and its pid is free, is a zombie, or belongs to a process started at another time.
/// False whenever there is doubt.
[[nodiscard]] bool known_dead(const RunnerIdentity& owner, const RunnerIdentity& self);

}  // namespace backfill
