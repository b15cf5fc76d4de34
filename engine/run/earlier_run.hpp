#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/job_record.hpp"
#include "run/run.hpp"

/// What an earlier run of a job has pinned, for those who only look.
namespace backfill::run {

/// A role that may not use the control schema is told so by the preflight, with what to grant.
[[nodiscard]] bool lacks_privilege(const Error& error);

/// Absent when the job has never run, or when this role may not know.
[[nodiscard]] asio::awaitable<Result<std::optional<JobRecord>>> find_earlier_run(
    pg::Connection* connection, std::string name);

/// Why `run` would refuse to go on from there: the file, or the table and key, mean something else
/// than they did. Empty when it would not. `ground` as of `ground_of`, now.
[[nodiscard]] std::vector<std::string> objections_to_going_on(const JobRecord& record,
                                                              const std::string& meaning,
                                                              const std::string& ground);

}  // namespace backfill::run
