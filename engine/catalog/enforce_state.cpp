#include "catalog/enforce_state.hpp"

#include <utility>
#include <vector>

#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration state_deadline = std::chrono::seconds{15};

/// $1 the table, $2 the constraint's or index's name, $3 a column. A build that another role's
/// session does is hidden from us; its index is then waited for by its lock.
constexpr const char* state_sql = R"(
SELECT k.contype, k.convalidated,
       i.indisvalid, EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
                             WHERE p.index_relid = i.indexrelid),
       a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM (SELECT 1) AS one
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = $1::oid AND k.conname = $2
LEFT JOIN (pg_catalog.pg_index AS i
           JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid AND c.relname = $2)
  ON i.indrelid = $1::oid
LEFT JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = $1::oid AND a.attname = $3 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d
  ON d.adrelid = $1::oid AND d.adnum = a.attnum AND a.attgenerated = '')";

}  // namespace

pg::asio::awaitable<Result<EnforceState>> read_enforce_state(pg::Connection* connection,
                                                             Target target, std::string name,
                                                             std::string column) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(target.oid));
  params.emplace_back(std::move(name));
  params.emplace_back(std::move(column));
  const Result<pg::Rows> rows =
      co_await connection->query(state_sql, std::move(params), state_deadline);
  if (!rows) co_return rows.error();
  const pg::Row& row = rows->values.at(0);
  EnforceState state;
  const std::string type = pg::text_field(row, 0);
  if (!type.empty()) {
    state.constraint = EnforceState::Constraint{type.front(), pg::bool_field(row, 1)};
  }
  if (!pg::is_null(row, 2)) {
    state.index = EnforceState::Index{pg::bool_field(row, 2), pg::bool_field(row, 3)};
  }
  state.column_not_null = pg::bool_field(row, 4);
  state.column_default = pg::field(row, 5);
  co_return state;
}

}  // namespace backfill
