#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "core/target.hpp"
#include "jobs/online_ddl.hpp"
#include "jobs/type_copy_carry.hpp"
#include "jobs/type_copy_sync.hpp"

/// `kind: type-copy`: the SQL of its phases, produced from the job and the table alone.
namespace backfill {

/// Where the table stands, as its columns tell.
enum class CopyStage {
  absent,    ///< neither new nor parked columns: not begun, undone, or finished
  added,     ///< the new columns stand beside the old ones
  switched,  ///< they have traded names
};

/// `target` as it is now, at any stage.
[[nodiscard]] std::vector<CopiedColumn> copied_columns(const Job& job, const Target& target);
[[nodiscard]] CopyStage stage_of(const Job& job, const Target& target);

/// The copy and its proof are those of a backfill that adds and sets the new columns.
[[nodiscard]] Job forward_job(const Job& job);

/// After the switch: a backfill of the old columns whose `where` finds the rows for which the way
/// back would lose something. Its proof is what a rollback wants to see.
[[nodiscard]] Job backward_job(const Job& job, const Target& target);

/// The backfill that applies an explicit `back` to such rows: it says how to handle them. Absent
/// when no column has one.
[[nodiscard]] std::optional<Job> handled_job(const Job& job, const Target& target);

/// The same columns as the carrying of what hangs on them sees them.
[[nodiscard]] std::vector<CarriedColumn> carried_columns(const Job& job, const Target& target);

/// One transaction for all tables: the columns, what belongs to them, the triggers. What an earlier
/// attempt of the job has recorded of its copy is about columns that are gone, and is forgotten.
/// `record` is JSON for `backfill.phases.detail`, or empty: what a later run must know of the
/// tables that were added with the job's own.
[[nodiscard]] std::vector<OnlineDdl> add_ddl(const std::vector<SyncFacts>& tables,
                                             const CarryPlan& carry, const std::string& record);

/// What a switch must know of the proof.
struct SwitchProof {
  std::string job;
  /// pg_current_snapshot() from before the proof of each table, by its quoted name.
  std::map<std::string, std::string> snapshots;
  /// What `sync_trigger_mark_sql` gave then, by the same name; empty or absent: not known.
  std::map<std::string, std::string> triggers = {};
};

/// One transaction, either way; the tables as they stand before it. In its end it writes to
/// `backfill.phases` how long it has held its locks.
[[nodiscard]] std::vector<OnlineDdl> switch_ddl(const std::vector<SyncFacts>& tables,
                                                const CarrySwitch& carry, const SwitchProof& proof,
                                                SyncDirection direction);

/// One transaction: the triggers and the columns that are not in use.
[[nodiscard]] std::vector<OnlineDdl> drop_ddl(const std::vector<SyncFacts>& tables,
                                              CopyStage stage);

}  // namespace backfill
