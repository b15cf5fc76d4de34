#pragma once

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "core/scan_choice.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// What the order of visits depends on, read from the catalog.
[[nodiscard]] pg::asio::awaitable<Result<ScanFacts>> scan_facts(pg::Connection* connection, Job job,
                                                                Target target);

}  // namespace backfill
