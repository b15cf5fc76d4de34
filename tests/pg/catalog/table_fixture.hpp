#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backfill/job.hpp"
#include "core/target.hpp"
#include "support/connected.hpp"

namespace backfill::test {

/// A connection to a fresh database in which `sql` has run.
asio::awaitable<std::unique_ptr<pg::Connection>> database_with(std::string sql);

/// The same database as a role without special rights, which `sql` must have created.
asio::awaitable<std::unique_ptr<pg::Connection>> connect_as(pg::Connection* other,
                                                            std::string role);

/// The table as the catalog describes it, with its primary key as the key.
asio::awaitable<Target> target_of(pg::Connection* connection, std::string table,
                                  std::string schema = "public");

asio::awaitable<void> run_sql(pg::Connection* connection, std::string sql);

/// The only value of a query.
asio::awaitable<std::string> value_from(pg::Connection* connection, std::string sql);

/// `set: {column: expression}` on a table of schema public.
[[nodiscard]] Job job_setting(const std::string& table, const std::string& column,
                              const std::string& expression);

}  // namespace backfill::test
