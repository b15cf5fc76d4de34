#include "pg/catalog/preflight_fixture.hpp"

#include <utility>

namespace backfill::test {

const std::string table_t_sql =
    "CREATE TABLE t (id bigint PRIMARY KEY, email text, n int, out text);"
    "INSERT INTO t SELECT g, 'A' || g, g FROM generate_series(1, 10) AS g;";

asio::awaitable<std::vector<std::string>> findings_of(pg::Connection* connection, Job job) {
  const Target target =
      co_await target_of(connection, job.table.name, job.table.schema.value_or("public"));
  PreflightSettings settings;
  const auto findings = co_await preflight(connection, std::move(job), target, settings);
  std::vector<std::string> lines;
  for (const Finding& finding : value_of(findings)) {
    lines.push_back(finding.check + ": " + format(finding));
  }
  co_return lines;
}

asio::awaitable<std::vector<std::string>> findings_in(std::string sql, std::string expression) {
  const auto connection = co_await database_with(std::move(sql));
  Job job = job_setting("t", "out", expression);
  auto findings = co_await findings_of(connection.get(), std::move(job));
  co_return findings;
}

}  // namespace backfill::test
