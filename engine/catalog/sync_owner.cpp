#include "catalog/sync_owner.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration look_deadline = std::chrono::seconds{15};

/// $1 the table, $2 the job's trigger, $3 its function, $4 a column as SQL names it: whether the
/// job's function is there, and the triggers of other jobs that write the column.
constexpr const char* writers_sql = R"(
SELECT pg_catalog.to_regprocedure($3) IS NOT NULL,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(t.tgname), ', ' ORDER BY t.tgname)
        FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
        WHERE t.tgrelid = $1::oid AND t.tgname LIKE '~%\_\_backfill\_sync' AND t.tgname <> $2::name
          AND pg_catalog.strpos(p.prosrc, 'NEW.' || $4) > 0))";

/// Whether a job of this name has ever added columns.
constexpr const char* added_sql = R"(
SELECT EXISTS (SELECT FROM backfill.phases AS p JOIN backfill.jobs AS j ON j.id = p.job_id
               WHERE j.name = $1 AND p.phase = 'add' AND p.finished_at IS NOT NULL))";

/// Somebody may have dropped the function of a job that goes on: it is made again.
asio::awaitable<bool> has_added(pg::Connection* connection, std::string job) {
  std::vector<pg::Param> params;
  params.emplace_back(std::move(job));
  const Result<pg::Rows> rows =
      co_await connection->query(added_sql, std::move(params), look_deadline);
  co_return rows&& pg::bool_field(rows->values.at(0), 0);
}

Finding refusal(std::string message, std::string hint) {
  return {Finding::Severity::refuse, "type_copy", std::move(message), std::move(hint)};
}

}  // namespace

asio::awaitable<Result<std::vector<Finding>>> check_sync_owner(pg::Connection* connection,
                                                               Target target,
                                                               SyncOwnerFacts facts) {
  std::vector<Finding> findings;
  const std::string function = quote_name({"backfill", facts.function}) + "()";
  for (const std::string& column : facts.columns) {
    std::vector<pg::Param> params;
    params.emplace_back(std::to_string(target.oid));
    params.emplace_back(facts.trigger);
    params.emplace_back(function);
    params.emplace_back(quote_identifier(column));
    const Result<pg::Rows> rows =
        co_await connection->query(writers_sql, std::move(params), look_deadline);
    if (!rows) co_return rows.error();
    if (pg::bool_field(rows->values.at(0), 0)) co_return std::vector<Finding>{};
    const std::string others = pg::text_field(rows->values.at(0), 1);
    const std::string named = fmt::format("{}.{}", name_text(target.table), name_text(column));
    if (!others.empty()) {
      findings.push_back(
          refusal(fmt::format("{} belongs to another job, whose trigger is {}", named, others),
                  "Let that job end, with `backfill drop` or `backfill rollback`, before this one "
                  "begins"));
      continue;
    }
    const bool added = co_await has_added(connection, facts.job);
    if (added) continue;
    findings.push_back(
        refusal(fmt::format("{} is there already, and job {} has not made it", named, facts.job),
                "Rename or drop it: the job makes a column of this name"));
  }
  co_return findings;
}

}  // namespace backfill
