#pragma once

#include "catalog/preflight.hpp"
#include "pg/catalog/table_fixture.hpp"

namespace backfill::test {

/// The findings of a job as people read them, after "check: ".
asio::awaitable<std::vector<std::string>> findings_of(pg::Connection* connection, Job job);

/// The same, of `set: {out: expression}` on the table `t` of a fresh database.
asio::awaitable<std::vector<std::string>> findings_in(std::string sql, std::string expression);

/// `t (id bigint PRIMARY KEY, email text, n int, out text)` with a few rows.
extern const std::string table_t_sql;

}  // namespace backfill::test
