#include "catalog/scan_facts.hpp"

#include <utility>

#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration catalog_deadline = std::chrono::seconds{15};

/// An update of a column keeps a new version on its page without index entries (HOT) only where no
/// index holds the column: as a key, included, in an expression or in a predicate. The first two
/// are in indkey; the others only among the dependencies, where an index of a constraint in turn
/// has none on its columns.
constexpr const char* indexes_sql = R"(
SELECT pg_catalog.count(*), pg_catalog.min(index.name) FILTER (WHERE index.holds_set_column)
FROM (
  SELECT c.relname::text AS name, EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND a.attname = ANY ($2::text[])
      AND (a.attnum = ANY (i.indkey::int2[])
           OR EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
                        AND d.refclassid = 'pg_catalog.pg_class'::regclass
                        AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
  ) AS holds_set_column
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = $1::oid AND i.indisready) AS index)";

}  // namespace

pg::asio::awaitable<Result<ScanFacts>> scan_facts(pg::Connection* connection, Job job,
                                                  Target target) {
  ScanFacts facts;
  facts.asked = job.pace.stripes;
  facts.connections = job.pace.connections;
  facts.key_hashable = hashable(target.key);
  if (target.estimated_rows) facts.rows = RowCount{*target.estimated_rows};
  facts.pages = target.pages;
  std::vector<std::string> columns;
  for (const SetColumn& set : job.set) columns.push_back(set.column);
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(target.oid));
  params.emplace_back(pg::text_array(columns));
  const auto indexes = co_await connection->query(indexes_sql, std::move(params), catalog_deadline);
  if (!indexes) {
    Error error = indexes.error();
    error.context = "reading the indexes of the columns that are set";
    co_return error;
  }
  const pg::Row& row = indexes->values.front();
  facts.indexes = static_cast<int>(pg::integer_field(row, 0));
  facts.index_of_set = pg::field(row, 1);
  co_return facts;
}

}  // namespace backfill
