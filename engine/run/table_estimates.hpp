#pragma once

#include "core/job_estimate.hpp"
#include "run/type_copy_view.hpp"

/// Estimates of a job that works on several tables.
namespace backfill::run {

/// Of all tables together; the words are those of the first.
void add_to(const JobEstimate& other, JobEstimate* total);

/// How many indexes of that table are built anew before the switch, since they hold the column.
[[nodiscard]] int built_indexes(const TypeCopyView& view, const CopyTable& table);

}  // namespace backfill::run
