#pragma once

#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "core/target.hpp"

namespace backfill {

/// The columns of `add` that the table does not have yet.
[[nodiscard]] std::vector<AddColumn> missing_columns(const Job& job, const Target& target);

/// The FROM item in which an expression of the job can be looked at before `add` has run: the table
/// itself, or, while columns are missing, a query under the table's name that has them as NULLs.
/// `OFFSET 0` is a fence that keeps the planner from seeing those NULLs: it would fold expressions
/// over them away, along with what they have to tell.
[[nodiscard]] std::string expression_scope(const Job& job, const Target& target);

}  // namespace backfill
