#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "run/session.hpp"

/// The phases of a type-copy. Each looks at the catalog for what is done already, so that it may be
/// begun again at any moment.
namespace backfill::run {

/// SQLSTATEs of a switch that has found something else than what it was made for.
inline constexpr std::string_view things_changed = "BF004";
inline constexpr std::string_view trigger_touched = "BF005";

/// Reads the catalog again, with all that hangs on the columns; ends where something new cannot be
/// carried.
asio::awaitable<Ending> look_again(Session* session);

/// Takes the SQL of the next sweep from the stage that the tables are in: of the one at `table`.
void choose_sweep(Session* session, std::size_t table = 0);

/// Runs one transaction of DDL until the catalog says that it has happened; `by_force` terminates
/// the sessions that keep it from its locks. What refuses it stands in `session->refused_by`.
asio::awaitable<Ending> reach(Session* session, std::vector<OnlineDdl> ddl, CopyStage stage,
                              bool by_force = false);

/// The new columns and the trigger; then every transaction that is older than the trigger ends.
asio::awaitable<Ending> add_and_wait(Session* session);

/// The second part of it: the trigger is there and on, and no transaction is older.
asio::awaitable<Ending> wait_out(Session* session);

/// Fills the new columns, one table after the other.
asio::awaitable<Ending> copy_columns(Session* session);

/// Sweeps the tables for rows that are not as they should be; none may be.
asio::awaitable<Ending> prove_columns(Session* session, std::string phase);

/// Builds beside the table what must be there before the columns may trade names.
asio::awaitable<Ending> carry_steps(Session* session, std::string phase);
asio::awaitable<Ending> carry_one(Session* session, CarryStep step);
asio::awaitable<Ending> trade_names(Session* session);

/// From when on the old column may be dropped, by `drop: after …`.
struct DropTime {
  std::int64_t left_ms = 0;
  std::string moment;  ///< as the server prints it; empty when the job names no time
};

asio::awaitable<Result<DropTime>> drop_time(Session* session);
asio::awaitable<Ending> drop_columns(Session* session);

/// Undoes everything, from whatever stage.
asio::awaitable<Ending> roll_back_copy(Session* session);

/// An ending for a failed statement: a stop that was asked for, a lost lease, or the failure.
[[nodiscard]] Ending ending_of_ddl(const Session& session, const Error& error);

}  // namespace backfill::run
