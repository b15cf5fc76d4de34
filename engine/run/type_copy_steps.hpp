#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/session.hpp"

/// The phases of a type-copy. Each looks at the catalog for what is done already, so that it may be
/// begun again at any moment.
namespace backfill::run {

/// Reads the catalog again, with all that hangs on the columns; ends where something new cannot be
/// carried.
asio::awaitable<Ending> look_again(Session* session);

/// Takes the SQL of the next sweep from the stage that the tables are in: of the one at `table`.
void choose_sweep(Session* session, std::size_t table = 0);

/// Runs one transaction of DDL until the catalog says that it has happened; `by_force` terminates
/// the sessions that keep it from its locks.
asio::awaitable<Ending> reach(Session* session, std::vector<OnlineDdl> ddl, CopyStage stage,
                              bool by_force = false);

/// The new columns and the trigger; then every transaction that is older than the trigger ends.
asio::awaitable<Ending> add_and_wait(Session* session);

/// Fills the new columns, one table after the other.
asio::awaitable<Ending> copy_columns(Session* session);

/// Sweeps the tables for rows that are not as they should be; none may be.
asio::awaitable<Ending> prove_columns(Session* session, std::string phase);

/// Builds beside the table what must be there before the columns may trade names.
asio::awaitable<Ending> carry_steps(Session* session, std::string phase);
asio::awaitable<Ending> carry_one(Session* session, CarryStep step);
asio::awaitable<Ending> trade_names(Session* session);

/// Milliseconds before which the old column may not be dropped.
asio::awaitable<Result<std::int64_t>> until_drop(Session* session);
asio::awaitable<Ending> drop_columns(Session* session);

/// Undoes everything, from whatever stage.
asio::awaitable<Ending> roll_back_copy(Session* session);

/// An ending for a failed statement: a stop that was asked for, a lost lease, or the failure.
[[nodiscard]] Ending ending_of_ddl(const Session& session, const Error& error);

}  // namespace backfill::run
