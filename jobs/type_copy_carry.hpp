#pragma once

#include <string>
#include <vector>

#include "core/dependants.hpp"
#include "jobs/online_ddl.hpp"

/// What hangs on a column moves with it when two columns trade names. RENAME does not move it: the
/// catalog refers to columns by number, so that indexes, constraints and views follow the old
/// column under its new name. Therefore each is built anew on the incoming column before the
/// switch, or made again from its text behind the rename, where the name means the new column.
///
/// The way back after a switch is the same plan over again with the two columns' parts exchanged
/// (`reversed`), read from the catalog as it is then. Non-unique indexes stay on the parked column
/// and are taken over; all else is built again online. A switch leaves the SQL texts as they
/// were, in the comment of the parked column, so that casts which the server has printed into them
/// for the new type do not stay after the way back.
///
/// Rule for names: every object of the engine has `__backfill` in its name, so that it is never
/// taken for one of the user's.
namespace backfill {

inline constexpr std::string_view incoming_suffix = "__backfill_new";
inline constexpr std::string_view parked_suffix = "__backfill_old";

/// The name with a suffix behind it; over 63 bytes its beginning is cut and a hash put in, so that
/// two long names stay two.
[[nodiscard]] std::string suffixed_name(std::string_view name, std::string_view suffix);

enum class CarryDirection {
  forward,  ///< incoming objects are `…__backfill_new`, parked ones `…__backfill_old`
  back,     ///< the other way round
};

/// The columns as the way back sees them; `type` and `with` are those of the way back.
[[nodiscard]] CarriedColumn reversed(const CarriedColumn& column, std::string type,
                                     std::string with);

struct CarryStep {
  std::string what;  ///< one line, for `plan` and the log
  OnlineDdl ddl;     ///< `concurrent` and `scan` ones stand alone, outside a transaction of ours
  /// A query of one boolean: true once nothing is left to do. Asked before the step and after it.
  std::string done_when;
  std::string undo;  ///< SQL; harmless when there is nothing to undo
  /// Enough when it has run: the catalog need not show it, as of statistics about no row.
  bool once = false;
};

/// The switch, one transaction under `lock_timeout`:
///
///     BEGIN; view_locks; LOCK TABLE locks… IN ACCESS EXCLUSIVE MODE; unchanged; views;
///     before_rename; ALTER TABLE … RENAME name TO parked; … RENAME incoming TO name; after_rename;
///     COMMIT
struct CarrySwitch {
  /// Locks the views and changes nothing, outermost first: readers lock a view before its tables,
  /// and so do we.
  std::vector<std::string> view_locks;
  std::vector<QualifiedName> locks;  ///< the tables of the columns and of their foreign keys
  /// Fails with SQLSTATE BF004 where something that hangs on the columns is no longer as this plan
  /// has read it: it would be lost, or come back as it was.
  std::string unchanged;
  std::vector<std::string> views;  ///< DROP VIEW, outermost first
  std::vector<std::string> before_rename;
  std::vector<std::string> after_rename;
};

/// A query over the new type that returns no row. Where the server refuses it, the object cannot be
/// carried. Only while the incoming columns do not exist.
struct CarryTrial {
  std::string object;
  std::string sql;
  std::string hint;
};

struct CarryPlan {
  std::vector<UncarriedFacts> refused;
  std::vector<CarryTrial> trials;
  /// For `ADD COLUMN incoming type …`, one per column: ` COLLATE "C"`, or empty.
  std::vector<std::string> add_clauses;
  /// In the transaction of ADD COLUMN, behind it: storage, compression, statistics, grants.
  std::vector<std::string> with_column;
  std::vector<CarryStep> before_switch;
  CarrySwitch in_switch;
  /// One line per object, for `plan`: what it is, and how it moves.
  std::vector<std::string> carried;
};

/// Nothing is left to do for what hung on the column when the parked column is dropped: the parked
/// indexes go with it. `dependants` are those of `columns`.
[[nodiscard]] CarryPlan plan_carry(const std::vector<CarriedColumn>& columns,
                                   const Dependants& dependants, CarryDirection direction);

}  // namespace backfill
