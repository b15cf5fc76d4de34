#pragma once

#include <optional>
#include <string>
#include <vector>

namespace backfill::cli {

/// What another program has said by its end.
struct ChildOutput {
  int code = 0;  ///< as a shell has it: 128 and the signal's number when a signal ended it
  std::string out;
  std::string err;
};

/// Runs a program, found by PATH, without a shell and with nothing to read; waits for its end.
/// Absent when it cannot be started.
[[nodiscard]] std::optional<ChildOutput> run_child(const std::vector<std::string>& command);

}  // namespace backfill::cli
