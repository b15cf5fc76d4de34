#include "core/dependants_print.hpp"

#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace backfill {

namespace {

/// `thing`: what depends on the columns or on views over them, with the views themselves, and the
/// indexes of constraints, which depend on these alone.
constexpr std::string_view print_body = R"(WITH RECURSIVE wanted(relid, attnum) AS (VALUES {}),
known(of_class, of_rule) AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_rewrite'::pg_catalog.regclass),
hit(view) AS (
  SELECT r.ev_class
  FROM known CROSS JOIN wanted AS w
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = of_class AND d.refobjid = w.relid
   AND d.refobjsubid = w.attnum AND d.classid = of_rule
  JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
  JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
  UNION
  SELECT r.ev_class
  FROM known CROSS JOIN hit AS h
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = of_class AND d.refobjid = h.view
   AND d.classid = of_rule
  JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid AND r.ev_class <> h.view
  JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')),
thing(classid, objid) AS (
  SELECT d.classid, d.objid
  FROM known CROSS JOIN wanted AS w
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = of_class AND d.refobjid = w.relid
   AND d.refobjsubid = w.attnum
  UNION SELECT of_class, h.view FROM known CROSS JOIN hit AS h
  UNION
  SELECT d.classid, d.objid
  FROM known CROSS JOIN hit AS h
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = of_class AND d.refobjid = h.view
  UNION
  SELECT of_class, i.indexrelid
  FROM known CROSS JOIN wanted AS w
  JOIN pg_catalog.pg_index AS i ON i.indrelid = w.relid AND w.attnum = ANY (i.indkey::int2[])),
own(relid, attnum) AS (
  SELECT relid, attnum FROM wanted
  UNION SELECT a.attrelid, a.attnum FROM hit AS h
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = h.view AND a.attnum > 0)
SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(line, E'\n' ORDER BY line COLLATE "C"), ''))
FROM (
  SELECT pg_catalog.concat_ws(' ', 'column', a.attrelid, a.attnum, a.attname, a.xmin, def.oid,
                              def.xmin, c.xmin) AS line
  FROM known CROSS JOIN own AS o
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = o.relid AND a.attnum = o.attnum
  LEFT JOIN pg_catalog.pg_attrdef AS def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_description AS c
    ON c.classoid = of_class AND c.objoid = a.attrelid AND c.objsubid = a.attnum
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'thing', t.classid, t.objid, c.xmin, i.xmin, q.xmin, k.xmin,
                              r.xmin, g.xmin, p.xmin, f.xmin, s.xmin, b.xmin, x.xmin)
  FROM known CROSS JOIN thing AS t
  LEFT JOIN pg_catalog.pg_class AS c ON t.classid = of_class AND c.oid = t.objid
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
  LEFT JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = c.oid
  LEFT JOIN pg_catalog.pg_constraint AS k
    ON t.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = t.objid
  LEFT JOIN pg_catalog.pg_rewrite AS r ON t.classid = of_rule AND r.oid = t.objid
  LEFT JOIN pg_catalog.pg_trigger AS g
    ON t.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.oid = t.objid
  LEFT JOIN pg_catalog.pg_policy AS p
    ON t.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = t.objid
  LEFT JOIN pg_catalog.pg_proc AS f
    ON t.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.oid = t.objid
  LEFT JOIN pg_catalog.pg_statistic_ext AS s
    ON t.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND s.oid = t.objid
  LEFT JOIN pg_catalog.pg_publication_rel AS b
    ON t.classid = 'pg_catalog.pg_publication_rel'::pg_catalog.regclass AND b.oid = t.objid
  LEFT JOIN pg_catalog.pg_description AS x
    ON x.classoid = t.classid AND x.objoid = t.objid AND x.objsubid = 0
  WHERE coalesce(c.relname, k.conname, g.tgname, s.stxname, '') NOT LIKE '%\_\_backfill%'
) AS lines)";

}  // namespace

std::string dependants_print_sql(const std::vector<ColumnNumber>& columns) {
  std::vector<std::string> rows;
  for (const ColumnNumber& column : columns) {
    rows.push_back(fmt::format("({}::oid, {}::int2)", column.relation, column.number));
  }
  return fmt::format(print_body, fmt::join(rows, ", "));
}

}  // namespace backfill
