#include <utility>

#include <fmt/format.h>

#include "catalog/dependants/reading.hpp"

/// Views that read the columns, directly or through others, with all that is theirs.
namespace backfill::dependants {

namespace {

constexpr std::string_view views_body = R"(
SELECT n.nspname AS schema, c.relname AS table, c.relkind = 'm' AS materialized, v.depth,
       pg_get_viewdef(c.oid) AS query, c.reloptions AS options,
       quote_ident(pg_get_userbyid(c.relowner)) AS owner,
       pg_has_role(c.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') AS allowed,
       obj_description(c.oid, 'pg_class') AS comment,
       c.relacl IS NULL AS default_grants, {} AS grants,
       (SELECT json_agg(json_build_object(
                 'name', a.attname, 'comment', col_description(c.oid, a.attnum),
                 'default_sql', (SELECT pg_get_expr(def.adbin, def.adrelid) FROM pg_attrdef AS def
                                 WHERE def.adrelid = c.oid AND def.adnum = a.attnum),
                 'grants', {}) ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT json_agg(row_to_json(b)) FROM (
          SELECT 'rule' AS kind, pg_describe_object('pg_rewrite'::regclass, r.oid, 0) AS object,
                 r.rulename AS name, n.nspname AS schema, c.relname AS table,
                 pg_get_ruledef(r.oid) AS definition, NULL AS condition, NULL AS check,
                 r.ev_enabled AS state, obj_description(r.oid, 'pg_rewrite') AS comment,
                 true AS allowed
          FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'
          UNION ALL
          SELECT 'trigger', pg_describe_object('pg_trigger'::regclass, t.oid, 0), t.tgname,
                 n.nspname, c.relname, pg_get_triggerdef(t.oid), NULL, NULL,
                 t.tgenabled, obj_description(t.oid, 'pg_trigger'), true
          FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) AS b) AS belongings
FROM views AS v
JOIN pg_class AS c ON c.oid = v.view
JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY v.depth, c.oid)";

std::string without_semicolon(std::string sql) {
  const std::size_t last = sql.find_last_not_of(" \n;");
  sql.erase(last == std::string::npos ? 0 : last + 1);
  return sql;
}

ViewFacts::Column column_of(const Json& row) {
  return {text_of(row, "name"), optional_text_of(row, "comment"),
          optional_text_of(row, "default_sql"), grants_of(row, "grants")};
}

ViewFacts view_of(const Json& row) {
  ViewFacts view;
  view.name = table_of(row);
  view.materialized = bool_of(row, "materialized");
  view.depth = row.at("depth").get<int>();
  view.query = without_semicolon(text_of(row, "query"));
  view.options = texts_of(row, "options");
  view.owner = text_of(row, "owner");
  view.allowed = bool_of(row, "allowed");
  view.comment = optional_text_of(row, "comment");
  view.default_grants = bool_of(row, "default_grants");
  view.grants = grants_of(row, "grants");
  for (const Json& column : row.at("columns")) view.columns.push_back(column_of(column));
  if (!row.at("belongings").is_null()) {
    for (const Json& thing : row.at("belongings")) {
      view.belongings.push_back(recreated_of(thing));
      view.belongings.back().definition = without_semicolon(view.belongings.back().definition);
    }
  }
  return view;
}

void keep_view(Dependants& found, const Json& row) {
  found.views.push_back(view_of(row));
}

}  // namespace

Read read_views(Reading* reading) {
  return read_rows(reading, std::string{with_views},
                   fmt::format(views_body, grants_sql("c.relacl"), grants_sql("a.attacl")),
                   keep_view);
}

}  // namespace backfill::dependants
