#pragma once

#include <memory>
#include <vector>

#include "signals/source.hpp"

namespace backfill {

/// The signals that a job file may ask for beside the lag of replicas and the query: each is there,
/// and `on` where the settings have it.
[[nodiscard]] std::vector<std::unique_ptr<SignalSource>> job_signals();

}  // namespace backfill
