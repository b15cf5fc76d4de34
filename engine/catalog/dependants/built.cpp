#include <fmt/format.h>

#include "catalog/dependants/reading.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

/// What the engine has made on the incoming columns so far: what it was made for may be gone.
namespace backfill::dependants {

namespace {

constexpr const char* built_sql = R"(
WITH incoming(relid, attnum) AS (
  SELECT a.attrelid, a.attnum
  FROM unnest($1::oid[], $2::text[]) AS w(relid, name)
  JOIN pg_attribute AS a ON a.attrelid = w.relid AND a.attname = w.name AND NOT a.attisdropped)
SELECT DISTINCT found.* FROM (
  SELECT 'index' AS kind, n.nspname, c.relname, xn.nspname, x.relname
  FROM incoming AS w
  JOIN pg_index AS i ON i.indrelid = w.relid
  JOIN pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_namespace AS xn ON xn.oid = x.relnamespace
  JOIN pg_class AS c ON c.oid = i.indrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE (w.attnum = ANY (i.indkey::int2[]) OR EXISTS (
           SELECT FROM pg_depend AS d
           WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
             AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid
             AND d.refobjsubid = w.attnum))
    AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = x.oid
                    AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT 'constraint', n.nspname, c.relname, n.nspname, k.conname
  FROM incoming AS w
  JOIN pg_constraint AS k ON k.contype IN ('c', 'f') AND k.conparentid = 0
   AND ((k.conrelid = w.relid AND w.attnum = ANY (k.conkey))
     OR (k.confrelid = w.relid AND w.attnum = ANY (k.confkey)))
  JOIN pg_class AS c ON c.oid = k.conrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'statistics', n.nspname, c.relname, sn.nspname, s.stxname
  FROM incoming AS w
  JOIN pg_depend AS d ON d.classid = 'pg_statistic_ext'::regclass
   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid AND d.refobjsubid = w.attnum
  JOIN pg_statistic_ext AS s ON s.oid = d.objid
  JOIN pg_namespace AS sn ON sn.oid = s.stxnamespace
  JOIN pg_class AS c ON c.oid = s.stxrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
) AS found(kind, schema, of_table, in_schema, name)
WHERE found.name LIKE '%\_\_backfill\_%'
ORDER BY found.kind, found.in_schema, found.name)";

BuiltFacts::Kind kind_of(const std::string& word) {
  if (word == "index") return BuiltFacts::Kind::index;
  return word == "constraint" ? BuiltFacts::Kind::constraint : BuiltFacts::Kind::statistics;
}

}  // namespace

Read read_built(Reading* reading) {
  std::vector<std::string> incoming;
  for (const CarriedColumn& column : *reading->columns) incoming.push_back(column.incoming);
  std::string sql = built_sql;
  std::vector<pg::Param> params{reading->relations, pg::text_array(incoming)};
  const auto rows =
      co_await reading->connection->query(std::move(sql), std::move(params), reading->deadline);
  if (!rows) co_return rows.error();
  for (const pg::Row& row : rows->values) {
    BuiltFacts built;
    built.kind = kind_of(pg::text_field(row, 0));
    built.table = {pg::text_field(row, 1), pg::text_field(row, 2)};
    built.name = {pg::text_field(row, 3), pg::text_field(row, 4)};
    reading->found.built.push_back(std::move(built));
  }
  co_return Result<void>{};
}

}  // namespace backfill::dependants
