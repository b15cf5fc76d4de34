#include "catalog/references.hpp"

#include <utility>

#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration catalog_deadline = std::chrono::seconds{15};

/// `pointed` are the columns that may change, with their distance from the first ones; it ends
/// where foreign keys point in a circle, since a column is looked at once at each distance only as
/// far as there are columns.
constexpr const char* references_sql = R"(
WITH RECURSIVE edge AS (
  SELECT k.oid, k.conname, k.conrelid, u.attnum, k.confrelid, f.attnum AS refnum
  FROM pg_catalog.pg_constraint AS k
  CROSS JOIN LATERAL pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(attnum, position)
  JOIN LATERAL pg_catalog.unnest(k.confkey) WITH ORDINALITY AS f(attnum, position)
    ON f.position = u.position
  WHERE k.contype = 'f' AND k.conparentid = 0),
pointed(relid, attnum, path) AS (
  SELECT a.attrelid, a.attnum, ARRAY[a.attrelid::text || '.' || a.attnum]
  FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname = ANY ($2::text[])
    AND NOT a.attisdropped
  UNION
  SELECT e.conrelid, e.attnum, p.path || (e.conrelid::text || '.' || e.attnum)
  FROM pointed AS p
  JOIN edge AS e ON e.confrelid = p.relid AND e.refnum = p.attnum
  WHERE NOT (e.conrelid::text || '.' || e.attnum) = ANY (p.path)),
nearest AS (
  SELECT relid, attnum, pg_catalog.min(pg_catalog.cardinality(path)) AS distance
  FROM pointed GROUP BY relid, attnum)
SELECT e.conname, n.nspname, c.relname, a.attname, fn.nspname, f.relname, fa.attname
FROM nearest AS p
JOIN edge AS e ON e.confrelid = p.relid AND e.refnum = p.attnum
JOIN pg_catalog.pg_class AS c ON c.oid = e.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = e.conrelid AND a.attnum = e.attnum
JOIN pg_catalog.pg_class AS f ON f.oid = e.confrelid
JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace
JOIN pg_catalog.pg_attribute AS fa ON fa.attrelid = e.confrelid AND fa.attnum = e.refnum
WHERE e.conname NOT LIKE '%\_\_backfill%'
ORDER BY p.distance, n.nspname, c.relname, e.conname, a.attname)";

}  // namespace

asio::awaitable<Result<std::vector<Reference>>> read_references(pg::Connection* connection,
                                                                QualifiedName table,
                                                                std::vector<std::string> columns) {
  std::vector<pg::Param> params;
  params.emplace_back(quote_name(table));
  params.emplace_back(pg::text_array(columns));
  const Result<pg::Rows> rows =
      co_await connection->query(references_sql, std::move(params), catalog_deadline);
  if (!rows) co_return rows.error();
  std::vector<Reference> references;
  for (const pg::Row& row : rows->values) {
    Reference reference;
    reference.constraint = pg::text_field(row, 0);
    reference.table = {pg::text_field(row, 1), pg::text_field(row, 2)};
    reference.column = pg::text_field(row, 3);
    reference.references = {pg::text_field(row, 4), pg::text_field(row, 5)};
    reference.referenced = pg::text_field(row, 6);
    references.push_back(std::move(reference));
  }
  co_return references;
}

}  // namespace backfill
