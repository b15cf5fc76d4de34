#include <fmt/format.h>

#include "catalog/dependants/reading.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

/// What belongs to the column itself: its type, default, sequences, grants and settings.
namespace backfill::dependants {

namespace {

/// What can be assigned is what INSERT takes without a cast: pg_cast's implicit and assignment
/// casts between the base types, and anything to a string type.
constexpr std::string_view columns_body = R"(
SELECT n.nspname AS schema, c.relname AS table, a.attname AS name,
       format_type(a.atttypid, a.atttypmod) AS present_type,
       quote_ident(pg_get_userbyid(c.relowner)) AS owner,
       a.attnotnull AS not_null, a.attgenerated <> '' AS generated,
       new.oid IS NULL AS type_unknown,
       coalesce(base.old = base.new OR new.typcategory = 'S' OR EXISTS (
         SELECT FROM pg_cast AS k WHERE k.castsource = base.old AND k.casttarget = base.new
            AND k.castcontext IN ('a', 'i')), false) AS assignable,
       coalesce(new.typstorage <> 'p', false) AS storable,
       coalesce(new.typcollation <> 0, false) AS collatable,
       coalesce(new.typtype = 'd' AND new.typtypmod >= 0 AND base.new IN (
         'varchar'::regtype, 'bpchar'::regtype, 'bit'::regtype, 'varbit'::regtype), false) AS cuts,
       (SELECT pg_get_expr(def.adbin, def.adrelid) FROM pg_attrdef AS def
        WHERE def.adrelid = c.oid AND def.adnum = a.attnum AND a.attgenerated = '') AS default_sql,
       (SELECT quote_ident(cn.nspname) || '.' || quote_ident(l.collname)
        FROM pg_collation AS l JOIN pg_namespace AS cn ON cn.oid = l.collnamespace
        WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation) AS collation,
       col_description(c.oid, a.attnum) AS comment, {} AS grants,
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics_target,
       CASE WHEN a.attstorage <> t.typstorage THEN
         CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                           ELSE 'EXTENDED' END END AS storage,
       CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END
         AS compression,
       a.attoptions AS options,
       i.attnum IS NOT NULL AS incoming_exists, coalesce(i.atthasdef, false) AS incoming_has_default,
       {} AS incoming_grants, i.attoptions AS incoming_options,
       CASE WHEN i.attstattarget >= 0 THEN i.attstattarget END AS incoming_statistics_target,
       CASE WHEN i.attnum IS NOT NULL THEN col_description(c.oid, i.attnum) END AS memory,
       (SELECT json_agg(o.attname ORDER BY o.attnum) FROM pg_attribute AS o
        WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped
          AND o.attname <> m.incoming) AS other_columns
FROM unnest($1::oid[], $2::int2[], $3::oid[], $4::text[])
     WITH ORDINALITY AS m(relid, attnum, type, incoming, position)
JOIN pg_class AS c ON c.oid = m.relid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = m.relid AND a.attnum = m.attnum
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_type AS new ON new.oid = m.type
CROSS JOIN LATERAL (
  SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS old,
         CASE WHEN new.typtype = 'd' THEN new.typbasetype ELSE new.oid END AS new) AS base
LEFT JOIN pg_attribute AS i
       ON i.attrelid = m.relid AND i.attname = m.incoming AND NOT i.attisdropped
ORDER BY m.position)";

constexpr std::string_view sequences_body = R"(
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
       quote_ident(sn.nspname) || '.' || quote_ident(s.relname) AS name,
       d.deptype = 'i' AS identity, a.attidentity = 'a' AS always,
       format_type(q.seqtypid, NULL) AS type, q.seqstart AS start, q.seqincrement AS increment,
       q.seqmin AS minimum, q.seqmax AS maximum, q.seqcache AS cache, q.seqcycle AS cycle,
       q.seqmin = CASE WHEN q.seqincrement > 0 THEN 1 ELSE -limits.top - 1 END AS minimum_of_type,
       q.seqmax = CASE WHEN q.seqincrement > 0 THEN limits.top ELSE -1 END AS maximum_of_type,
       CASE WHEN has_sequence_privilege(s.oid, 'SELECT, USAGE') THEN pg_sequence_last_value(s.oid)
         END AS last_value,
       obj_description(s.oid, 'pg_class') AS comment, {} AS grants
FROM wanted AS w
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid
 AND d.refobjsubid = w.attnum AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace AS sn ON sn.oid = s.relnamespace
JOIN pg_sequence AS q ON q.seqrelid = s.oid
JOIN pg_class AS c ON c.oid = w.relid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = w.relid AND a.attnum = w.attnum
CROSS JOIN LATERAL (SELECT CASE q.seqtypid WHEN 'int2'::regtype THEN 32767
                                           WHEN 'int4'::regtype THEN 2147483647
                                           ELSE 9223372036854775807 END AS top) AS limits
ORDER BY s.relname)";

/// The comment is one of ours only when it has our words in front.
void read_memory(Dependants& found, const std::optional<std::string>& comment) {
  if (!comment || !comment->starts_with(memory_comment)) return;
  const Json memory =
      Json::parse(comment->substr(memory_comment.size()), nullptr, /*allow_exceptions=*/false);
  if (!memory.is_object()) return;
  for (const auto& [object, sql] : memory.items()) {
    if (sql.is_string()) found.memory[object] = sql.get<std::string>();
  }
}

ColumnFacts column_of(const Json& row, const CarriedColumn& column) {
  ColumnFacts facts;
  facts.table = table_of(row);
  facts.name = text_of(row, "name");
  facts.present_type = text_of(row, "present_type");
  facts.owner = text_of(row, "owner");
  facts.not_null = bool_of(row, "not_null");
  facts.generated = bool_of(row, "generated");
  facts.assignable = bool_of(row, "assignable");
  facts.storable = bool_of(row, "storable");
  facts.collatable = bool_of(row, "collatable");
  facts.cuts = bool_of(row, "cuts");
  if (bool_of(row, "type_unknown")) {
    facts.type_problem = fmt::format("the server knows no type {}", column.type);
  }
  facts.default_sql = optional_text_of(row, "default_sql");
  facts.collation = optional_text_of(row, "collation");
  facts.comment = optional_text_of(row, "comment");
  facts.grants = grants_of(row, "grants");
  if (!row.at("statistics_target").is_null()) {
    facts.statistics_target = row.at("statistics_target").get<int>();
  }
  facts.storage = optional_text_of(row, "storage");
  facts.compression = optional_text_of(row, "compression");
  facts.options = texts_of(row, "options");
  facts.incoming_exists = bool_of(row, "incoming_exists");
  facts.incoming_has_default = bool_of(row, "incoming_has_default");
  facts.incoming_grants = grants_of(row, "incoming_grants");
  facts.incoming_options = texts_of(row, "incoming_options");
  if (!row.at("incoming_statistics_target").is_null()) {
    facts.incoming_statistics_target = row.at("incoming_statistics_target").get<int>();
  }
  facts.other_columns = texts_of(row, "other_columns");
  return facts;
}

OwnedSequence sequence_of(const Json& row) {
  OwnedSequence sequence;
  sequence.name = text_of(row, "name");
  sequence.identity = bool_of(row, "identity");
  sequence.always = bool_of(row, "always");
  sequence.type = text_of(row, "type");
  sequence.start = row.at("start").get<std::int64_t>();
  sequence.increment = row.at("increment").get<std::int64_t>();
  sequence.minimum = row.at("minimum").get<std::int64_t>();
  sequence.maximum = row.at("maximum").get<std::int64_t>();
  sequence.cache = row.at("cache").get<std::int64_t>();
  sequence.cycle = bool_of(row, "cycle");
  sequence.minimum_of_type = bool_of(row, "minimum_of_type");
  sequence.maximum_of_type = bool_of(row, "maximum_of_type");
  if (!row.at("last_value").is_null()) {
    sequence.last_value = row.at("last_value").get<std::int64_t>();
  }
  sequence.comment = optional_text_of(row, "comment");
  sequence.grants = grants_of(row, "grants");
  return sequence;
}

void keep_sequence(Dependants& found, const Json& row) {
  const QualifiedName table = table_of(row);
  const std::string column = text_of(row, "column");
  for (ColumnFacts& facts : found.columns) {
    if (facts.table == table && facts.name == column) {
      facts.sequences.push_back(sequence_of(row));
    }
  }
}

Read read_sequences(Reading* reading) {
  return read_rows(reading, std::string{}, fmt::format(sequences_body, grants_sql("s.relacl")),
                   keep_sequence);
}

}  // namespace

Read read_columns(Reading* reading) {
  std::vector<std::string> incoming;
  for (const CarriedColumn& column : *reading->columns) incoming.push_back(column.incoming);
  std::string sql =
      fmt::format("SELECT json_agg(row_to_json(answer)) FROM ({}) AS answer",
                  fmt::format(columns_body, grants_sql("a.attacl"), grants_sql("i.attacl")));
  std::vector<pg::Param> params{reading->relations, reading->numbers, reading->types,
                                pg::text_array(incoming)};
  const auto rows =
      co_await reading->connection->query(std::move(sql), std::move(params), reading->deadline);
  if (!rows) co_return rows.error();
  const Json answer = Json::parse(pg::text_field(rows->values.at(0), 0));
  for (std::size_t i = 0; i < answer.size(); ++i) {
    reading->found.columns.push_back(column_of(answer[i], (*reading->columns)[i]));
    read_memory(reading->found, optional_text_of(answer[i], "memory"));
  }
  const auto sequences = co_await read_sequences(reading);
  co_return sequences;
}

}  // namespace backfill::dependants
