#include <string>

#include <fmt/format.h>

#include "catalog/dependants/reading.hpp"

/// Indexes with the constraints that own them, checks, and foreign keys in both directions.
namespace backfill::dependants {

namespace {

constexpr std::string_view indexes_body = R"(
SELECT DISTINCT ON (i.indexrelid)
       n.nspname AS schema, c.relname AS table, xn.nspname AS index_schema, x.relname AS name,
       pg_get_indexdef(i.indexrelid) AS definition, coalesce(s.spcname, '') AS tablespace,
       i.indisunique AS unique, i.indisvalid AND i.indisready AS valid,
       i.indisclustered AS clustered, i.indisreplident AS replica_identity,
       obj_description(x.oid, 'pg_class') AS comment,
       (SELECT json_agg(a.attnum || '=' || a.attstattarget ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = x.oid AND a.attstattarget >= 0) AS statistics,
       k.contype, k.conname AS constraint_name,
       obj_description(k.oid, 'pg_constraint') AS constraint_comment,
       coalesce(k.condeferrable, false) AS deferrable, coalesce(k.condeferred, false) AS deferred
FROM wanted AS w
JOIN pg_index AS i ON i.indrelid = w.relid
JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_namespace AS xn ON xn.oid = x.relnamespace
JOIN pg_class AS c ON c.oid = i.indrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace AS s ON s.oid = x.reltablespace
LEFT JOIN pg_constraint AS k
       ON k.conindid = x.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
WHERE x.relname NOT LIKE '%\_\_backfill%'
  AND (w.attnum = ANY (i.indkey::int2[]) OR EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid
          AND d.refobjsubid = w.attnum))
ORDER BY i.indexrelid)";

constexpr std::string_view checks_body = R"(
SELECT DISTINCT ON (k.oid)
       n.nspname AS schema, c.relname AS table, k.conname AS name,
       pg_get_expr(k.conbin, k.conrelid) AS expression, k.convalidated AS validated,
       k.connoinherit AS no_inherit, obj_description(k.oid, 'pg_constraint') AS comment
FROM wanted AS w
JOIN pg_constraint AS k
  ON k.conrelid = w.relid AND k.contype = 'c' AND w.attnum = ANY (k.conkey)
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.conname NOT LIKE '%\_\_backfill%'
ORDER BY k.oid)";

/// pg_constraint.confdelsetcols came with version 15.
constexpr std::string_view foreign_keys_body = R"(
SELECT DISTINCT ON (k.oid)
       n.nspname AS schema, c.relname AS table, k.conname AS name,
       (SELECT json_agg(a.attname ORDER BY u.position)
        FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, position)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
       fn.nspname AS referenced_schema, f.relname AS referenced_table,
       (SELECT json_agg(a.attname ORDER BY u.position)
        FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, position)
        JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS referenced,
       CASE k.confmatchtype WHEN 'f' THEN 'MATCH FULL' ELSE '' END AS match,
       k.confupdtype AS on_update, k.confdeltype AS on_delete,
       (SELECT json_agg(a.attname ORDER BY u.position)
        FROM jsonb_array_elements_text(nullif(to_jsonb(k) -> 'confdelsetcols', 'null'))
             WITH ORDINALITY AS u(attnum, position)
        JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum::int2)
         AS on_delete_columns,
       k.condeferrable AS deferrable, k.condeferred AS deferred, k.convalidated AS validated,
       'p' IN (c.relkind, f.relkind) AS partitioned,
       obj_description(k.oid, 'pg_constraint') AS comment
FROM wanted AS w
JOIN pg_constraint AS k ON k.contype = 'f' AND k.conparentid = 0
 AND ((k.conrelid = w.relid AND w.attnum = ANY (k.conkey))
   OR (k.confrelid = w.relid AND w.attnum = ANY (k.confkey)))
JOIN pg_class AS c ON c.oid = k.conrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS f ON f.oid = k.confrelid
JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
WHERE k.conname NOT LIKE '%\_\_backfill%'
ORDER BY k.oid)";

IndexFacts::Owner owner_of(const std::string& contype) {
  if (contype == "p") return IndexFacts::Owner::primary_key;
  if (contype == "u") return IndexFacts::Owner::unique;
  return contype == "x" ? IndexFacts::Owner::exclusion : IndexFacts::Owner::none;
}

/// As pg_constraint has it (manual, 53.13); NO ACTION is what stands for nothing said.
std::string action_of(std::string_view event, const std::string& code) {
  if (code == "r") return fmt::format("{} RESTRICT", event);
  if (code == "c") return fmt::format("{} CASCADE", event);
  if (code == "n") return fmt::format("{} SET NULL", event);
  return code == "d" ? fmt::format("{} SET DEFAULT", event) : std::string{};
}

ForeignKeyFacts foreign_key_of(const Json& row) {
  ForeignKeyFacts key;
  key.table = table_of(row);
  key.name = text_of(row, "name");
  key.columns = texts_of(row, "columns");
  key.references = {text_of(row, "referenced_schema"), text_of(row, "referenced_table")};
  key.referenced = texts_of(row, "referenced");
  key.match = text_of(row, "match");
  key.on_update = action_of("ON UPDATE", text_of(row, "on_update"));
  key.on_delete = action_of("ON DELETE", text_of(row, "on_delete"));
  key.on_delete_columns = texts_of(row, "on_delete_columns");
  key.deferrable = bool_of(row, "deferrable");
  key.deferred = bool_of(row, "deferred");
  key.validated = bool_of(row, "validated");
  key.partitioned = bool_of(row, "partitioned");
  key.comment = optional_text_of(row, "comment");
  return key;
}

void keep_foreign_key(Dependants& found, const Json& row) {
  found.foreign_keys.push_back(foreign_key_of(row));
}

Read read_foreign_keys(Reading* reading) {
  return read_rows(reading, std::string{}, std::string{foreign_keys_body}, keep_foreign_key);
}

void keep_index(Dependants& found, const Json& row) {
  IndexFacts index;
  index.table = table_of(row);
  index.schema = text_of(row, "index_schema");
  index.name = text_of(row, "name");
  index.definition = text_of(row, "definition");
  index.tablespace = text_of(row, "tablespace");
  index.unique = bool_of(row, "unique");
  index.valid = bool_of(row, "valid");
  index.clustered = bool_of(row, "clustered");
  index.replica_identity = bool_of(row, "replica_identity");
  index.comment = optional_text_of(row, "comment");
  index.statistics = texts_of(row, "statistics");
  index.owner = owner_of(text_of(row, "contype"));
  index.constraint_name = text_of(row, "constraint_name");
  index.constraint_comment = optional_text_of(row, "constraint_comment");
  index.deferrable = bool_of(row, "deferrable");
  index.deferred = bool_of(row, "deferred");
  found.indexes.push_back(std::move(index));
}

void keep_check(Dependants& found, const Json& row) {
  CheckFacts check;
  check.table = table_of(row);
  check.name = text_of(row, "name");
  check.expression = text_of(row, "expression");
  check.validated = bool_of(row, "validated");
  check.no_inherit = bool_of(row, "no_inherit");
  check.comment = optional_text_of(row, "comment");
  found.checks.push_back(std::move(check));
}

}  // namespace

Read read_indexes(Reading* reading) {
  return read_rows(reading, std::string{}, std::string{indexes_body}, keep_index);
}

Read read_constraints(Reading* reading) {
  std::string no_tables;
  std::string body{checks_body};
  const auto checks =
      co_await read_rows(reading, std::move(no_tables), std::move(body), keep_check);
  if (!checks) co_return checks.error();
  const auto keys = co_await read_foreign_keys(reading);
  co_return keys;
}

}  // namespace backfill::dependants
