#include "catalog/plan_guard.hpp"

#include <atomic>
#include <utility>

#include <fmt/format.h>

#include "catalog/plan_judge.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

/// $1 the target. One row for each relation with storage in its partition tree.
/// Statistics: pg_stats and not reltuples, since CREATE INDEX and VACUUM set that one too.
constexpr std::string_view relations_sql = R"(
WITH tree AS (SELECT $1::oid AS oid UNION SELECT relid::oid FROM pg_catalog.pg_partition_tree($1::oid))
SELECT n.nspname, c.relname,
       pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint,
       EXISTS (SELECT FROM pg_catalog.pg_stats AS s
               WHERE s.schemaname = n.nspname AND s.tablename = c.relname)
FROM tree
JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r')";

/// $1 the target. attname is absent for an expression.
constexpr std::string_view indexes_sql = R"(
WITH tree AS (SELECT $1::oid AS oid UNION SELECT relid::oid FROM pg_catalog.pg_partition_tree($1::oid))
SELECT n.nspname, c.relname, a.attname
FROM tree
JOIN pg_catalog.pg_index AS i ON i.indrelid = tree.oid
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE c.relkind = 'i')";

struct Subject {
  JudgedTable table;
  std::vector<std::string> without_statistics;
};

asio::awaitable<Result<Subject>> read_subject(pg::Connection* connection, const Target* target,
                                              Duration deadline) {
  Subject subject;
  subject.table.key_column = target->key.columns.at(0).name;
  std::vector<pg::Param> oid{std::to_string(target->oid)};
  std::string relations{relations_sql};
  const auto rows = co_await attempt(connection, std::move(relations), oid, deadline);
  if (!rows) co_return rows.error();
  for (const pg::Row& row : rows->values) {
    JudgedRelation relation{pg::text_field(row, 0), pg::text_field(row, 1),
                            pg::integer_field(row, 2)};
    if (relation.pages > pages_worth_an_index && !pg::bool_field(row, 3)) {
      subject.without_statistics.push_back(relation.schema + "." + relation.name);
    }
    subject.table.relations.push_back(std::move(relation));
  }
  std::string indexes{indexes_sql};
  const auto found = co_await attempt(connection, std::move(indexes), std::move(oid), deadline);
  if (!found) co_return found.error();
  for (const pg::Row& row : found->values) {
    subject.table.indexes.push_back(
        {pg::text_field(row, 0), pg::text_field(row, 1), pg::text_field(row, 2)});
  }
  co_return subject;
}

/// Unique among the sessions that a pooler may have left statements in.
std::string statement_name(const pg::Connection& connection) {
  static std::atomic<unsigned> count{0};
  return fmt::format("backfill_guard_{}_{}", connection.backend_pid(), ++count);
}

/// A prepared statement outlives its transaction, so it is dropped before the end whatever happens.
asio::awaitable<Result<std::string>> explain_generic(pg::Connection* connection,
                                                     std::string statement,
                                                     std::vector<std::string> params,
                                                     Duration deadline) {
  std::vector<pg::Param> none;
  // EXPLAIN leaves out the partitions that the sample's bounds prune; every one is to be seen.
  std::string generic =
      "SELECT pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true), "
      "pg_catalog.set_config('enable_partition_pruning', 'off', true)";
  const auto set = co_await attempt(connection, std::move(generic), none, deadline);
  if (!set) co_return set.error();
  const std::string name = statement_name(*connection);
  std::string prepare = "PREPARE " + name + " AS " + std::move(statement);
  const auto prepared = co_await attempt(connection, std::move(prepare), none, deadline);
  if (!prepared) co_return prepared.error();
  std::string explain = "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) EXECUTE " + name;
  for (std::size_t i = 0; i < params.size(); ++i) {
    explain += (i == 0 ? "(" : ", ") + quote_literal(params[i]);
  }
  if (!params.empty()) explain += ")";
  const auto explained = co_await attempt(connection, std::move(explain), none, deadline);
  if (!explained && connection_lost(explained.error())) co_return explained.error();
  std::string deallocate = "DEALLOCATE " + name;
  const auto dropped = co_await attempt(connection, std::move(deallocate), none, deadline);
  if (!explained) co_return explained.error();
  if (!dropped) co_return dropped.error();
  co_return pg::text_field(explained->values.at(0), 0);
}

GuardVerdict verdict_on(const std::string& json, const Subject& subject) {
  GuardVerdict verdict;
  verdict.plan = plan_text(json);
  PlanJudgement judgement = judge_plan(json, subject.table);
  if (judgement.good) return verdict;
  verdict.reason = std::move(judgement.reason);
  if (!subject.without_statistics.empty()) {
    verdict.kind = GuardVerdict::Kind::needs_analyze;
    verdict.hint = fmt::format("ANALYZE {}: the planner has no statistics of it",
                               fmt::join(subject.without_statistics, ", "));
    return verdict;
  }
  verdict.kind = GuardVerdict::Kind::refused;
  if (judgement.in_subquery) {
    verdict.hint =
        "let the subquery find its rows by an index, or compute its value once, outside of the job";
    return verdict;
  }
  verdict.hint =
      "ANALYZE the table and run again; if the plan stays, look for planner settings (enable_…, "
      "random_page_cost) of this role or database, or name another `key`";
  return verdict;
}

asio::awaitable<Result<GuardVerdict>> judge(pg::Connection* connection, const Target* target,
                                            std::string statement, std::vector<std::string> params,
                                            Duration deadline) {
  const auto subject = co_await read_subject(connection, target, deadline);
  if (!subject) co_return subject.error();
  const auto json =
      co_await explain_generic(connection, std::move(statement), std::move(params), deadline);
  if (!json) co_return json.error();
  co_return verdict_on(*json, *subject);
}

}  // namespace

asio::awaitable<Result<GuardVerdict>> guard_plan(pg::Connection* connection, Target target,
                                                 std::string statement, KeyRange sample,
                                                 std::vector<std::string> more_params,
                                                 InspectionSettings settings) {
  std::vector<std::string> params = bound_values(sample);
  params.insert(params.end(), more_params.begin(), more_params.end());
  const Duration deadline = settings.deadline;
  const auto begun = co_await begin_read_only(connection, std::move(settings));
  if (!begun) co_return begun.error();
  const auto verdict =
      co_await judge(connection, &target, std::move(statement), std::move(params), deadline);
  co_await end_read_only(connection, deadline);
  co_return verdict;
}

asio::awaitable<Result<GuardVerdict>> guard_plan(pg::Connection* connection, Target target,
                                                 std::string statement, KeyRange sample) {
  return guard_plan(connection, std::move(target), std::move(statement), std::move(sample),
                    std::vector<std::string>{}, InspectionSettings{});
}

}  // namespace backfill
