#pragma once

#include <string>

#include "backfill/result.hpp"
#include "checkpoint/batch_statements.hpp"
#include "pg/connection.hpp"

/// `backfill.phases.detail`: what a phase has to remember, such as what it has made.
namespace backfill {

/// JSON; `{}` when the phase has not begun.
[[nodiscard]] pg::asio::awaitable<Result<std::string>> read_phase_detail(pg::Connection* connection,
                                                                         SweepId sweep);

/// `detail` is JSON. The phase must have begun. `lease_lost` when the epoch is not the job's.
[[nodiscard]] pg::asio::awaitable<Result<void>> write_phase_detail(pg::Connection* connection,
                                                                   Fence fence, std::string detail);

/// Ends a phase within a transaction that does its last work.
[[nodiscard]] pg::Statement end_statement(const SweepId& sweep);

enum class Undone {
  constraints,  ///< the rows are proven again, and what is enforced begins again
  everything,   ///< the columns are gone, and with them all that the job has done
};

/// After a rollback: forgets the phases and checkpoints that hold no longer, and leaves the job
/// stopped, to be run again. `lease_lost` when the epoch is not the job's.
[[nodiscard]] pg::asio::awaitable<Result<void>> forget_phases(pg::Connection* connection,
                                                              Fence fence, Undone undone);

}  // namespace backfill
