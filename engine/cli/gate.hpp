#pragma once

#include <optional>
#include <string>

#include "run/run.hpp"

namespace backfill::cli {

/// One sentence for a name that the control schema does not know.
[[nodiscard]] std::string never_ran(const std::string& name);

struct GateAnswer {
  bool open = false;  ///< the job is done
  std::string line;
};

/// Whether what comes after a job may rely on its data. Only the state `done` opens the gate: it is
/// written when the proof has passed. An absent status is a job that never ran.
[[nodiscard]] GateAnswer gate_answer(const std::string& name,
                                     const std::optional<run::JobStatus>& status);

}  // namespace backfill::cli
