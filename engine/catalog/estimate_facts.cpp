#include "catalog/estimate_facts.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog/expression_scope.hpp"
#include "catalog/read_only.hpp"
#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration catalog_deadline = std::chrono::seconds{15};

/// $1 the table. Sizes over its partitions; the receivers of the log are those that are connected.
constexpr const char* sizes_sql = R"(
WITH tree AS (SELECT relid::oid AS oid FROM pg_catalog.pg_partition_tree($1::oid)
              UNION SELECT $1::oid)
SELECT (SELECT pg_catalog.sum(pg_catalog.pg_table_size(oid)) FROM tree)::bigint,
       (SELECT pg_catalog.sum(pg_catalog.pg_indexes_size(oid)) FROM tree)::bigint,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_wal_senders() AS s
        WHERE s.state = 'streaming'),
       (SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size'))),
       (SELECT pg_catalog.sum(greatest(c.reltuples, 0)) FROM tree
        JOIN pg_catalog.pg_class AS c USING (oid) WHERE c.relkind <> 'p')::bigint,
       (SELECT pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(oid)) FROM tree)::bigint)";

/// Of a table that was analysed. The planner's figure grows with the pages of the table, dead rows
/// or not; what the statistics counted and what the last ANALYZE found do not. Where they are known
/// the larger of them is a ceiling.
double analysed_rows(std::int64_t planned, const pg::Row& sizes) {
  const std::int64_t analyzed = pg::integer_field(sizes, 4);
  const std::int64_t live = pg::integer_field(sizes, 5);
  const bool known = analyzed > 0 && live > 0;
  return static_cast<double>(known ? std::min(planned, std::max(analyzed, live)) : planned);
}

bool looks_at_missing_column(const Job& job, const Target& target) {
  const std::vector<AddColumn> missing = missing_columns(job, target);
  return job.where && std::ranges::any_of(missing, [&](const AddColumn& column) {
           return mentions_identifier(*job.where, column.column);
         });
}

/// How many rows the planner expects `condition` to leave of the table.
pg::asio::awaitable<std::optional<double>> planned_rows(pg::Connection* connection, Job job,
                                                        Target target, bool with_where) {
  std::string sql = "EXPLAIN (FORMAT JSON) SELECT FROM " + expression_scope(job, target);
  if (with_where) sql += " WHERE (\n" + *job.where + "\n)";
  InspectionSettings settings;
  const Result<void> begun = co_await begin_read_only(connection, std::move(settings));
  if (!begun) co_return std::nullopt;
  std::vector<pg::Param> none;
  const Result<pg::Rows> plan =
      co_await attempt(connection, std::move(sql), std::move(none), catalog_deadline);
  co_await end_read_only(connection, catalog_deadline);
  if (!plan) co_return std::nullopt;
  const auto json = nlohmann::json::parse(pg::text_field(plan->values.front(), 0), nullptr, false);
  if (!json.is_array() || json.empty()) co_return std::nullopt;
  const nlohmann::json& top = json[0]["Plan"];
  if (!top.contains("Plan Rows")) co_return std::nullopt;
  co_return top["Plan Rows"].get<double>();
}

/// Of a table that was never analysed, or of which a partition was not: what the statistics have
/// counted since it was filled; where they were reset, what the planner makes of its size.
pg::asio::awaitable<void> count_unanalysed(pg::Connection* connection, Job job, Target target,
                                           std::int64_t live, EstimateFacts* facts) {
  if (target.pages == 0) co_return;
  facts->rows = static_cast<double>(live);
  facts->changing_basis +=
      "; the table was never analysed: its rows are those that the server has counted since";
  if (live > 0) co_return;
  const std::optional<double> guessed =
      co_await planned_rows(connection, std::move(job), std::move(target), false);
  facts->rows = guessed.value_or(0);
  facts->changing_basis += ", none of them, so that the planner guesses by its size";
}

}  // namespace

pg::asio::awaitable<Result<EstimateFacts>> estimate_facts(pg::Connection* connection, Job job,
                                                          Target target, ScanChoice scan,
                                                          ScanFacts scan_basis) {
  std::vector<pg::Param> oid;
  oid.emplace_back(std::to_string(target.oid));
  const Result<pg::Rows> sizes =
      co_await connection->query(sizes_sql, std::move(oid), catalog_deadline);
  if (!sizes) co_return sizes.error();
  const pg::Row& row = sizes->values.front();
  EstimateFacts facts;
  facts.heap_bytes = static_cast<double>(pg::integer_field(row, 0));
  facts.index_bytes = static_cast<double>(pg::integer_field(row, 1));
  facts.receivers = static_cast<int>(pg::integer_field(row, 2));
  facts.max_wal_bytes = static_cast<double>(pg::integer_field(row, 3));
  facts.indexes = scan_basis.indexes;
  facts.set_column_indexed = scan_basis.index_of_set.has_value();
  facts.stripes = scan.stripes;
  facts.connections = job.pace.connections;
  facts.added_columns = static_cast<int>(missing_columns(job, target).size());
  facts.new_indexes = static_cast<int>(std::ranges::count_if(job.enforce, [](const auto& step) {
    return std::holds_alternative<EnforceUnique>(step) ||
           std::holds_alternative<EnforceIndex>(step);
  }));
  if (!job.where) {
    facts.changing_basis = "every row: there is no `where`";
  } else if (looks_at_missing_column(job, target)) {
    facts.changing_basis = "every row: `where` looks at a column that is not there yet";
  } else {
    const std::optional<double> all = co_await planned_rows(connection, job, target, false);
    const std::optional<double> some = co_await planned_rows(connection, job, target, true);
    if (all && some && *all > 0) facts.changing = std::clamp(*some / *all, 0.0, 1.0);
    facts.changing_basis = "the planner's estimate of `where`";
  }
  if (target.estimated_rows) {
    facts.rows = analysed_rows(*target.estimated_rows, row);
  } else {
    co_await count_unanalysed(connection, job, target, pg::integer_field(row, 5), &facts);
  }
  co_return facts;
}

}  // namespace backfill
