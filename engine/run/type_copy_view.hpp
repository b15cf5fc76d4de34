#pragma once

#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "core/dependants.hpp"
#include "jobs/type_copy.hpp"
#include "run/run.hpp"

namespace backfill::pg {
class Connection;
}

namespace backfill::run {

/// A type-copy as the catalog shows it: what `run` works with and `plan` prints.
struct TypeCopyView {
  Target target;
  CopyStage stage = CopyStage::absent;
  bool dropped = false;  ///< absent because the job has come to its end
  SyncFacts facts;
  CarryPlan carry;             ///< there, or once switched, the way back
  std::vector<bool> provable;  ///< of `forward_job`
  std::vector<Finding> findings;

  [[nodiscard]] std::string trigger() const;
};

/// Reads it and writes nothing. Findings about what the job is to begin with come only while it has
/// not begun. `was_dropping` says that a run has come to its last phase: columns that are absent
/// then are gone for good.
asio::awaitable<Result<TypeCopyView>> view_type_copy(pg::Connection* connection, Job job,
                                                     bool was_dropping);

/// `plan` of a type-copy: `report` says already what is common to all kinds.
asio::awaitable<Result<PlanReport>> plan_type_copy(pg::Connection* connection, Job job,
                                                   PlanReport report);

/// The backfill whose copy and proof the job needs at this stage.
[[nodiscard]] Job sweep_job(const Job& job, const TypeCopyView& view);

}  // namespace backfill::run
