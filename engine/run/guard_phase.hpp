#pragma once

#include <optional>

#include "catalog/plan_guard.hpp"
#include "jobs/backfill.hpp"
#include "run/session.hpp"

/// The look at the plans of a job's statements: before anything is written where all columns are
/// there already, and in any case before the first batch.
namespace backfill::run {

/// The first statement of the job that would read the table again for each batch, whatever is known
/// of it; nothing when there is none, or when only an ANALYZE can tell. Reads only. `sql` must
/// outlive the call.
[[nodiscard]] asio::awaitable<Result<std::optional<GuardVerdict>>> find_bad_plan(
    pg::Connection* connection, Target target, const BackfillSql* sql);

[[nodiscard]] Outcome refused_plan(const Session& session, const GuardVerdict& verdict);

}  // namespace backfill::run
