#pragma once

#include <vector>

#include "backfill/job.hpp"
#include "core/dependants.hpp"
#include "core/reference.hpp"
#include "core/target.hpp"

/// `include_references`: what points at a column that changes its type changes with it, and so does
/// what points at that.
namespace backfill {

struct FollowedTables {
  /// What each table has to change, as a job of its own: the job's own table first, with those of
  /// its columns that point at others of them; then the others by their names.
  std::vector<Job> jobs;
  std::vector<UncarriedFacts> refused;  ///< references that cannot follow
};

/// A column that follows takes the type of the one that it points at, by the same `using` and
/// `back`, which may therefore read no other column. `own` is the job's table; `references` are in
/// any order, and those that point at no changed column are passed over.
[[nodiscard]] FollowedTables follow_references(const Job& job, const Target& own,
                                               const std::vector<Reference>& references);

}  // namespace backfill
