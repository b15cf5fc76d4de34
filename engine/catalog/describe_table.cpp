#include "catalog/describe_table.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "catalog/key_choice.hpp"
#include "catalog/lock_holders.hpp"
#include "catalog/read_only.hpp"
#include "core/nearest.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

namespace {

constexpr Duration catalog_deadline = std::chrono::seconds{15};
constexpr std::string_view insufficient_privilege = "42501";

/// Sizes and counts of a partitioned table are the sums over its leaves; one leaf that was never
/// analysed makes the count unknown. Pages are those of now, and rows are scaled to them as the
/// planner does it: a table that has grown tenfold since its last ANALYZE has not kept its count. A
/// table never analysed has reltuples -1, or in version 13 neither rows nor pages.
constexpr const char* relation_sql = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
       pg_catalog.pg_is_other_temp_schema(c.relnamespace),
       size.pages, CASE WHEN size.unknown THEN NULL ELSE size.tuples::bigint END
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT pg_catalog.sum(part.pages)::bigint AS pages,
         pg_catalog.sum(CASE WHEN part.relpages > 0
                             THEN part.reltuples / part.relpages * part.pages ELSE 0 END) AS tuples,
         pg_catalog.bool_or(part.reltuples < 0 OR (part.relpages = 0 AND part.pages > 0)) AS unknown
  FROM (
    SELECT leaf.reltuples, leaf.relpages, pg_catalog.pg_relation_size(leaf.oid)
             / pg_catalog.current_setting('block_size')::bigint AS pages
    FROM pg_catalog.pg_class AS leaf
    WHERE CASE WHEN c.relkind = 'p'
               THEN leaf.oid IN (SELECT tree.relid
                                 FROM pg_catalog.pg_partition_tree(c.oid) AS tree
                                 WHERE tree.isleaf)
               ELSE leaf.oid = c.oid END) AS part) AS size
WHERE c.oid = pg_catalog.to_regclass($1))";

constexpr const char* columns_sql = R"(
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attgenerated <> '', a.attidentity = 'a'
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum)";

constexpr const char* indexes_sql = R"(
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indisprimary, am.amname = 'btree',
       i.indisvalid, i.indimmediate, i.indpred IS NOT NULL,
       pg_catalog.bool_or(k.attnum = 0),
       pg_catalog.bool_and(coalesce(a.attnotnull, false)),
       pg_catalog.bool_or(NOT op.opcdefault OR k.sort_order <> coalesce(a.attcollation, 0)),
       pg_catalog.array_agg(coalesce(a.attname::text, '') ORDER BY k.position),
       pg_catalog.array_agg(coalesce(pg_catalog.format_type(a.atttypid, a.atttypmod), '')
                            ORDER BY k.position),
       pg_catalog.array_agg((k.option & 1)::text ORDER BY k.position),
       pg_catalog.array_agg(coalesce(a.attlen, -1)::text ORDER BY k.position)
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
CROSS JOIN LATERAL ROWS FROM (
  pg_catalog.unnest(i.indkey::int2[]), pg_catalog.unnest(i.indoption::int2[]),
  pg_catalog.unnest(i.indcollation::oid[]), pg_catalog.unnest(i.indclass::oid[])
) WITH ORDINALITY AS k(attnum, option, sort_order, class, position)
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
LEFT JOIN pg_catalog.pg_opclass AS op ON op.oid = k.class
WHERE i.indrelid = $1::oid AND i.indisunique AND k.position <= i.indnkeyatts
GROUP BY n.nspname, c.relname, i.indexrelid, i.indisprimary, am.amname, i.indisvalid,
         i.indimmediate, (i.indpred IS NOT NULL)
ORDER BY 1)";

/// The hash function with a seed (support function 2) of each column's type, by its default
/// operator class. Domains count as what they are made of, varchar as text, enums and arrays as
/// their pseudo-types. A type that borrows another's function (date that of integer, timestamptz
/// that of timestamp) has none: SQL cannot call it without a cast that may depend on a setting.
constexpr const char* hashes_sql = R"(
SELECT coalesce((
  SELECT pg_catalog.format('%I.%I', n.nspname, p.proname)
  FROM pg_catalog.pg_opclass AS op
  JOIN pg_catalog.pg_am AS am ON am.oid = op.opcmethod AND am.amname = 'hash'
  JOIN pg_catalog.pg_amproc AS ap ON ap.amprocfamily = op.opcfamily AND ap.amprocnum = 2
    AND ap.amproclefttype = op.opcintype AND ap.amprocrighttype = op.opcintype
  JOIN pg_catalog.pg_proc AS p ON p.oid = ap.amproc
  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
  WHERE op.opcdefault AND p.proargtypes[0] = op.opcintype AND (
    op.opcintype = t.oid
    OR (t.oid = 'pg_catalog.varchar'::regtype AND op.opcintype = 'pg_catalog.text'::regtype)
    OR (t.typtype = 'e' AND op.opcintype = 'pg_catalog.anyenum'::regtype)
    OR (t.typcategory = 'A' AND op.opcintype = 'pg_catalog.anyarray'::regtype))
  ORDER BY op.opcintype = t.oid DESC LIMIT 1), '')
FROM pg_catalog.unnest($2::text[]) WITH ORDINALITY AS k(name, position)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = $1::oid AND a.attname = k.name
JOIN pg_catalog.pg_type AS declared ON declared.oid = a.atttypid
JOIN pg_catalog.pg_type AS t
  ON t.oid = CASE WHEN declared.typtype = 'd' THEN declared.typbasetype ELSE declared.oid END
ORDER BY k.position)";

/// Names as the job would have to write them: $1 says whether it names a schema.
constexpr const char* names_sql = R"(
SELECT CASE WHEN $1::boolean OR NOT pg_catalog.pg_table_is_visible(c.oid)
            THEN n.nspname || '.' || c.relname ELSE c.relname END
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'backfill')
  AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY 1 LIMIT 1000)";

std::string shown(const QualifiedName& name) {
  return name.schema ? *name.schema + "." + name.name : name.name;
}

std::string_view kind_name(char relkind) {
  switch (relkind) {
    case 'v': return "a view";
    case 'm': return "a materialized view";
    case 'f': return "a foreign table";
    case 'S': return "a sequence";
    case 'i':
    case 'I': return "an index";
    case 'c': return "a composite type";
    case 't': return "a TOAST table";
    default: return "not a table";
  }
}

Error unknown_table(const Job& job, const pg::Rows& names) {
  std::vector<std::string> known;
  for (const pg::Row& row : names.values) known.push_back(pg::text_field(row, 0));
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto nearest = nearest_word(shown(job.table), views);
  return fatal_error(fmt::format("table {} does not exist", shown(job.table)),
                     nearest ? fmt::format("Did you mean {}?", *nearest)
                             : "Check `table` in the job file, and that --database names the "
                               "right database.");
}

Result<Target> check_relation(const Job& job, const pg::Row& row) {
  const std::string kind = pg::text_field(row, 3);
  Target target;
  target.oid = static_cast<std::uint32_t>(pg::integer_field(row, 0));
  target.table = {pg::text_field(row, 1), pg::text_field(row, 2)};
  target.partitioned = kind == "p";
  target.pages = pg::integer_field(row, 6);
  target.estimated_rows = pg::optional_integer_field(row, 7);
  const std::string& schema = *target.table.schema;
  if (kind != "r" && kind != "p") {
    return fatal_error(fmt::format("{} is {}, not a table", shown(job.table),
                                   kind_name(kind.empty() ? ' ' : kind.front())),
                       "Name the table that holds the rows.");
  }
  if (schema == "pg_catalog" || schema == "information_schema" || schema == "pg_toast") {
    return fatal_error(fmt::format("{}.{} is a table of the system", schema, target.table.name),
                       "Its rows are the server's own: name a table of yours.");
  }
  if (schema == "backfill") {
    return fatal_error(
        fmt::format("{}.{} is a table of the control schema", schema, target.table.name),
        "Jobs cannot change their own checkpoints: name a table of yours.");
  }
  if (pg::text_field(row, 4) == "t") {
    return fatal_error(fmt::format("{} is a temporary table", shown(job.table)),
                       "Other connections cannot see it: name a permanent table.");
  }
  return target;
}

std::vector<std::string> text_elements(const pg::Row& row, std::size_t column) {
  return pg::parse_text_array(pg::text_field(row, column));
}

IndexCandidate read_index(const pg::Row& row) {
  IndexCandidate index;
  index.name = pg::text_field(row, 0);
  index.primary = pg::bool_field(row, 1);
  index.btree = pg::bool_field(row, 2);
  index.valid = pg::bool_field(row, 3);
  index.immediate = pg::bool_field(row, 4);
  index.partial = pg::bool_field(row, 5);
  index.expressions = pg::bool_field(row, 6);
  index.all_not_null = pg::bool_field(row, 7);
  index.own_order = pg::bool_field(row, 8);
  index.columns = text_elements(row, 9);
  index.types = text_elements(row, 10);
  for (const std::string& option : text_elements(row, 11))
    index.descending.push_back(option == "1");
  for (const std::string& bytes : text_elements(row, 12)) index.widths.push_back(std::stoll(bytes));
  return index;
}

Error with_context(Error error, std::string context) {
  error.context = std::move(context);
  return error;
}

asio::awaitable<Result<Target>> describe(pg::Connection* connection, Job job) {
  std::vector<pg::Param> name;
  name.emplace_back(quote_name(job.table));
  const auto relation = co_await connection->query(relation_sql, name, catalog_deadline);
  if (!relation) co_return with_context(relation.error(), "looking up the table");
  if (relation->values.empty()) {
    std::vector<pg::Param> qualified;
    qualified.emplace_back(job.table.schema ? "true" : "false");
    const auto names = co_await connection->query(names_sql, qualified, catalog_deadline);
    if (!names) co_return with_context(names.error(), "looking up the table");
    co_return unknown_table(job, *names);
  }
  Result<Target> checked = check_relation(job, relation->values.front());
  if (!checked) co_return checked.error();
  Target target = *std::move(checked);
  target.server_version = connection->server_version();

  std::vector<pg::Param> oid;
  oid.emplace_back(std::to_string(target.oid));
  const auto columns = co_await connection->query(columns_sql, oid, catalog_deadline);
  if (!columns) co_return with_context(columns.error(), "reading the table's columns");
  for (const pg::Row& row : columns->values) {
    target.columns.push_back({pg::text_field(row, 0), pg::text_field(row, 1),
                              pg::bool_field(row, 2), pg::bool_field(row, 3),
                              pg::bool_field(row, 4)});
  }
  const auto indexes = co_await connection->query(indexes_sql, oid, catalog_deadline);
  if (!indexes) co_return with_context(indexes.error(), "reading the table's indexes");
  std::vector<IndexCandidate> candidates;
  for (const pg::Row& row : indexes->values) candidates.push_back(read_index(row));
  Result<Key> key = choose_key(candidates, job.key);
  if (!key) co_return with_context(key.error(), "choosing the key of " + quote_name(target.table));
  target.key = *std::move(key);
  std::vector<std::string> key_names;
  for (const KeyColumn& column : target.key.columns) key_names.push_back(column.name);
  std::vector<pg::Param> of_key;
  of_key.emplace_back(std::to_string(target.oid));
  of_key.emplace_back(pg::text_array(key_names));
  const auto hashes = co_await connection->query(hashes_sql, of_key, catalog_deadline);
  if (!hashes) co_return with_context(hashes.error(), "looking up the hash functions of the key");
  for (std::size_t i = 0; i < hashes->values.size() && i < target.key.columns.size(); ++i) {
    target.key.columns[i].hash = pg::text_field(hashes->values[i], 0);
  }
  co_return target;
}

/// A schema that may not be used hides whether the table is there at all.
asio::awaitable<Error> with_missing_grant(pg::Connection* connection, QualifiedName table,
                                          Error error) {
  if (error.sqlstate != insufficient_privilege || !table.schema) co_return error;
  std::vector<pg::Param> none;
  const std::string role = "SELECT pg_catalog.quote_ident(current_user)";
  const auto name = co_await connection->query(role, none, catalog_deadline);
  if (!name) co_return error;
  error.hint = fmt::format("GRANT USAGE ON SCHEMA {} TO {}", quote_identifier(*table.schema),
                           pg::text_field(name->values.front(), 0));
  co_return error;
}

}  // namespace

pg::asio::awaitable<Result<Target>> describe_table(pg::Connection* connection, Job job) {
  const QualifiedName table = job.table;
  InspectionSettings settings;
  settings.deadline = catalog_deadline;
  settings.lock_timeout = job.safety.lock_timeout;
  const Result<void> begun = co_await begin_read_only(connection, std::move(settings));
  if (!begun) co_return with_context(begun.error(), "looking up the table");
  Result<Target> target = co_await describe(connection, std::move(job));
  co_await end_read_only(connection, catalog_deadline);
  if (target) co_return target;
  Error refused = target.error();
  const Error error = co_await with_missing_grant(connection, table, std::move(refused));
  co_return co_await with_lock_holders(connection, table, error);
}

}  // namespace backfill
