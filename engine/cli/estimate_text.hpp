#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/job_estimate.hpp"

namespace backfill::cli {

/// One line a figure, each with what it rests on: "time      40–70 s: measured: …". Pure.
[[nodiscard]] std::vector<std::string> estimate_lines(const JobEstimate& estimate);

/// rows {value, basis}, seconds, wal_bytes, heap_growth_bytes, index_growth_bytes, peak_disk_bytes
/// and replication_bytes, each {low, high, basis}; null without receivers.
[[nodiscard]] nlohmann::ordered_json estimate_json(const JobEstimate& estimate);

}  // namespace backfill::cli
