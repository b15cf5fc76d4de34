#pragma once

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

/// One transaction: the columns, what belongs to them, the trigger. What an earlier attempt of the
/// job has recorded of its copy is about columns that are gone, and is forgotten.
[[nodiscard]] std::vector<OnlineDdl> add_ddl(const SyncFacts& facts, const CarryPlan& carry);

/// What a switch must know of the proof.
struct SwitchProof {
  std::string job;
  std::string snapshot;  ///< pg_current_snapshot() from before the proof; empty for `plan`
};

/// One transaction, either way; `facts` as the table stands before it. In its end it writes to
/// `backfill.phases` how long it has held its locks.
[[nodiscard]] std::vector<OnlineDdl> switch_ddl(const SyncFacts& facts, const CarrySwitch& carry,
                                                const SwitchProof& proof, SyncDirection direction);

/// One transaction: the trigger and the columns that are not in use.
[[nodiscard]] std::vector<OnlineDdl> drop_ddl(const SyncFacts& facts, CopyStage stage);

}  // namespace backfill
