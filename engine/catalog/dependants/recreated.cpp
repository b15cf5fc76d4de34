#include <utility>

#include "catalog/dependants/reading.hpp"

/// Triggers, rules, policies and functions that refer to the columns, and statistics objects.
namespace backfill::dependants {

namespace {

/// A function in a string is bound by name at each call and needs nothing; one with a body of SQL
/// (BEGIN ATOMIC) is bound to the column.
constexpr std::string_view recreated_body = R"(
SELECT 'trigger' AS kind, pg_describe_object('pg_trigger'::regclass, t.oid, 0) AS object,
       t.tgname AS name, n.nspname AS schema, c.relname AS table,
       pg_get_triggerdef(t.oid) AS definition, NULL AS condition, NULL AS check,
       t.tgenabled AS state, obj_description(t.oid, 'pg_trigger') AS comment, true AS allowed
FROM pg_trigger AS t
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgname NOT LIKE '%\_\_backfill%' AND EXISTS (
        SELECT FROM pg_depend AS d
        JOIN wanted AS w ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
        WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
          AND d.refclassid = 'pg_class'::regclass)
UNION ALL
SELECT 'rule', pg_describe_object('pg_rewrite'::regclass, r.oid, 0), r.rulename, n.nspname,
       c.relname, pg_get_ruledef(r.oid), NULL, NULL, r.ev_enabled, NULL,
       pg_has_role(c.relowner, 'USAGE')
FROM pg_rewrite AS r
JOIN pg_class AS c ON c.oid = r.ev_class AND c.relkind NOT IN ('v', 'm')
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE EXISTS (SELECT FROM pg_depend AS d
              JOIN wanted AS w ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
              WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_class'::regclass)
UNION ALL
SELECT 'policy', pg_describe_object('pg_policy'::regclass, p.oid, 0), p.polname, n.nspname,
       c.relname, '', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
       NULL, NULL, pg_has_role(c.relowner, 'USAGE')
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE EXISTS (SELECT FROM pg_depend AS d
              JOIN wanted AS w ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
              WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                AND d.refclassid = 'pg_class'::regclass)
UNION ALL
SELECT 'function', pg_describe_object('pg_proc'::regclass, f.oid, 0), f.proname, n.nspname, '',
       pg_get_functiondef(f.oid), NULL, NULL, NULL, NULL, pg_has_role(f.proowner, 'USAGE')
FROM pg_proc AS f
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE EXISTS (SELECT FROM pg_depend AS d
              JOIN wanted AS w ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
              WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                AND d.refclassid = 'pg_class'::regclass))";

/// For version 15 and later: before, a publication had neither lists of columns nor row filters.
constexpr std::string_view publications_body = R"(
SELECT pg_describe_object('pg_publication_rel'::regclass, r.oid, 0) AS object,
       p.pubname AS name, n.nspname AS schema, c.relname AS table,
       (SELECT json_agg(a.attname ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])) AS columns,
       pg_get_expr(r.prqual, r.prrelid) AS condition,
       pg_has_role(p.pubowner, 'USAGE') AS allowed
FROM pg_publication_rel AS r
JOIN pg_publication AS p ON p.oid = r.prpubid
JOIN pg_class AS c ON c.oid = r.prrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE EXISTS (SELECT FROM pg_depend AS d
              JOIN wanted AS w ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
              WHERE d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_class'::regclass))";

constexpr std::string_view statistics_body = R"(
SELECT n.nspname AS schema, c.relname AS table, sn.nspname AS statistics_schema, s.stxname AS name,
       pg_get_statisticsobjdef(s.oid) AS definition, quote_ident(pg_get_userbyid(s.stxowner)) AS owner,
       CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END AS target,
       obj_description(s.oid, 'pg_statistic_ext') AS comment
FROM pg_statistic_ext AS s
JOIN pg_namespace AS sn ON sn.oid = s.stxnamespace
JOIN pg_class AS c ON c.oid = s.stxrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE s.stxname NOT LIKE '%\_\_backfill%' AND EXISTS (
        SELECT FROM pg_depend AS d
        JOIN wanted AS w ON d.refobjid = w.relid AND d.refobjsubid = w.attnum
        WHERE d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid
          AND d.refclassid = 'pg_class'::regclass)
ORDER BY s.oid)";

void keep_recreated(Dependants& found, const Json& row) {
  found.recreated.push_back(recreated_of(row));
}

void keep_publication(Dependants& found, const Json& row) {
  RecreatedFacts publication;
  publication.kind = RecreatedFacts::Kind::publication;
  publication.object = text_of(row, "object");
  publication.name = text_of(row, "name");
  publication.table = table_of(row);
  publication.columns = texts_of(row, "columns");
  publication.condition = optional_text_of(row, "condition");
  publication.allowed = bool_of(row, "allowed");
  found.recreated.push_back(std::move(publication));
}

void keep_statistics(Dependants& found, const Json& row) {
  StatisticsFacts statistics;
  statistics.table = table_of(row);
  statistics.name = {text_of(row, "statistics_schema"), text_of(row, "name")};
  statistics.definition = text_of(row, "definition");
  statistics.owner = text_of(row, "owner");
  if (!row.at("target").is_null()) statistics.target = row.at("target").get<int>();
  statistics.comment = optional_text_of(row, "comment");
  found.statistics.push_back(std::move(statistics));
}

}  // namespace

Read read_recreated(Reading* reading) {
  return read_rows(reading, std::string{}, std::string{recreated_body}, keep_recreated);
}

Read read_publications(Reading* reading) {
  if (reading->connection->server_version() < 150000) co_return Result<void>{};
  std::string no_tables;
  std::string body{publications_body};
  co_return co_await read_rows(reading, std::move(no_tables), std::move(body), keep_publication);
}

Read read_statistics(Reading* reading) {
  return read_rows(reading, std::string{}, std::string{statistics_body}, keep_statistics);
}

}  // namespace backfill::dependants
