#pragma once

#include <cstdint>
#include <vector>

#include "backfill/job.hpp"
#include "backfill/key.hpp"
#include "backfill/result.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

namespace backfill {

/// Up to `count` positions spread evenly over the rows of the table in the order of the key, from a
/// sample of its pages (TABLESAMPLE SYSTEM): about 200 of them are read, however large it is.
/// `bytes` is the table's size. Ascending; fewer, or none, where the table has fewer rows.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<KeyValue>>> sample_keys(
    pg::Connection* connection, Target target, std::int64_t bytes, std::int64_t count,
    SafetySettings safety);

}  // namespace backfill
