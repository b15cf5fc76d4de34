#pragma once

#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "core/target.hpp"
#include "jobs/online_ddl.hpp"

/// `preserve`: columns that keep their values in the rows that a job changes, whatever the table's
/// own triggers make of them (an `updated_at`, a `version`).
///
/// A BEFORE trigger of ours puts the old values back. It sorts behind the application's (triggers
/// fire in the byte order of their names; PostgreSQL manual, "Overview of Trigger Behavior"),
/// before the one that a type-copy of another job has, and its WHEN lets it fire only in
/// transactions that carry the job's name in the setting `backfill.job`: for everybody else it
/// costs one comparison a row and does nothing, also when a killed run has left it behind. In the
/// job's transactions it fires for every update of the table, those that AFTER triggers make among
/// them.
namespace backfill {

/// The trigger is `keep_trigger`. In one transaction; anew each time, so that what is there is what
/// the job says.
[[nodiscard]] std::vector<OnlineDdl> keep_columns_ddl(const Job& job, const Target& target);
[[nodiscard]] std::vector<OnlineDdl> let_columns_go_ddl(const Job& job, const Target& target);

}  // namespace backfill
