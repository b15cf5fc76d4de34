#pragma once

#include <cstddef>
#include <vector>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/target.hpp"
#include "core/work.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// The statements of a probe (under the job's timeouts), to be sent alone or behind a batch in the
/// same flight: a read-only transaction of its own whose settings make every key's text exact (ISO
/// dates, all digits of a float), and keep the planner to the index.
[[nodiscard]] std::vector<pg::Statement> probe_statements(const Target& target, const Probe& probe,
                                                          const SafetySettings& safety);

/// Reads the answer; `first` is the position of the probe's first statement in `results`.
[[nodiscard]] ProbeResult read_probe(const Target& target, const Probe& probe,
                                     const std::vector<pg::StatementResult>& results,
                                     std::size_t first);

/// The two together, on a connection that does nothing else.
[[nodiscard]] pg::asio::awaitable<Result<ProbeResult>> run_probe(pg::Connection* connection,
                                                                 Target target, Probe probe,
                                                                 SafetySettings safety);

}  // namespace backfill
