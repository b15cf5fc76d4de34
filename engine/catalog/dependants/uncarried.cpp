#include <utility>

#include "catalog/dependants/reading.hpp"

/// Whatever the other readers do not know is named here, so that nothing is lost in silence.
namespace backfill::dependants {

namespace {

/// The kinds of objects that the other readers have taken are left out by their catalogs. A
/// generated column depends on what it reads by itself up to version 15, later by its expression.
constexpr std::string_view uncarried_body = R"(
SELECT DISTINCT found.object, found.reason, found.hint FROM (
  SELECT pg_describe_object('pg_class'::regclass, c.oid, 0) AS object,
         CASE WHEN c.relkind = 'p' THEN 'it is partitioned'
              WHEN c.relispartition THEN 'it is a partition'
              WHEN c.reloftype <> 0 THEN 'it is a table of a composite type'
              WHEN c.relkind <> 'r' THEN 'it is no ordinary table'
              ELSE 'it takes part in inheritance' END AS reason,
         'type-copy changes ordinary tables that stand alone' AS hint
  FROM wanted AS w JOIN pg_class AS c ON c.oid = w.relid
  WHERE c.relkind <> 'r' OR c.relispartition OR c.reloftype <> 0
     OR EXISTS (SELECT FROM pg_inherits AS h WHERE c.oid IN (h.inhrelid, h.inhparent))
  UNION ALL
  SELECT CASE WHEN a.attnum IS NOT NULL
              THEN pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)
              ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END,
         CASE WHEN a.attnum IS NOT NULL THEN 'it is generated from the column'
              ELSE 'it depends on the column' END,
         CASE WHEN a.attnum IS NOT NULL
              THEN 'its expression cannot be changed in place: drop it before the job and add it '
                   'again after the switch'
              ELSE 'drop it before the job, and make it again after the switch' END
  FROM wanted AS w
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid
   AND d.refobjsubid = w.attnum
  LEFT JOIN pg_attrdef AS def ON d.classid = 'pg_attrdef'::regclass AND def.oid = d.objid
  LEFT JOIN pg_attribute AS a ON a.attgenerated <> ''
   AND ((a.attrelid = def.adrelid AND a.attnum = def.adnum)
     OR (d.classid = 'pg_class'::regclass AND a.attrelid = d.objid AND a.attnum = d.objsubid))
  WHERE d.classid NOT IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
                          'pg_proc'::regclass, 'pg_statistic_ext'::regclass,
                          'pg_publication_rel'::regclass)
    AND NOT (d.classid = 'pg_attrdef'::regclass AND def.adrelid = w.relid AND def.adnum = w.attnum)
    AND NOT (d.classid = 'pg_class'::regclass AND EXISTS (
          SELECT FROM pg_class AS x WHERE x.oid = d.objid AND x.relkind IN ('i', 'S')))
    AND NOT (d.classid = 'pg_constraint'::regclass AND EXISTS (
          SELECT FROM pg_constraint AS k
          WHERE k.oid = d.objid AND k.contype IN ('c', 'f', 'p', 'u', 'x', 'n')))
    AND pg_describe_object(d.classid, d.objid, d.objsubid) NOT LIKE '%\_\_backfill%'
  UNION ALL
  SELECT pg_describe_object(d.classid, d.objid, d.objsubid),
         'it depends on ' || pg_describe_object('pg_class'::regclass, v.view, 0)
           || ', which reads the column',
         'drop it before the job, and make it again after the switch'
  FROM views AS v
  JOIN pg_class AS c ON c.oid = v.view
  JOIN pg_depend AS d
    ON (d.refclassid = 'pg_class'::regclass AND d.refobjid = v.view)
    OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (
          SELECT t.oid FROM pg_type AS t WHERE t.oid = c.reltype
          UNION SELECT t.typarray FROM pg_type AS t WHERE t.oid = c.reltype AND t.typarray <> 0))
  WHERE NOT (d.classid = 'pg_rewrite'::regclass AND EXISTS (
          SELECT FROM pg_rewrite AS r JOIN views AS o ON o.view = r.ev_class
          WHERE r.oid = d.objid))
    AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
          SELECT FROM pg_type AS t
          WHERE t.oid = d.objid AND (t.oid = c.reltype OR t.typelem = c.reltype)))
    AND NOT (d.classid = 'pg_trigger'::regclass AND EXISTS (
          SELECT FROM pg_trigger AS t WHERE t.oid = d.objid AND t.tgrelid = v.view))
    AND NOT (d.classid = 'pg_attrdef'::regclass AND EXISTS (
          SELECT FROM pg_attrdef AS def WHERE def.oid = d.objid AND def.adrelid = v.view))
    AND NOT (d.classid = 'pg_class'::regclass AND (d.objid = v.view OR EXISTS (
          SELECT FROM pg_class AS x WHERE x.oid = d.objid AND x.relkind IN ('i', 't'))))
  UNION ALL
  SELECT pg_describe_object('pg_class'::regclass, c.oid, 0), 'it is a temporary view of a session',
         'wait for that session to end, or end it'
  FROM views AS v JOIN pg_class AS c ON c.oid = v.view AND c.relpersistence = 't'
  UNION ALL
  SELECT pg_describe_object('pg_class'::regclass, v.view, 0),
         'it belongs to ' || pg_describe_object(d.refclassid, d.refobjid, 0),
         'the extension must be dropped first, or changed by its maker'
  FROM views AS v
  JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = v.view AND d.deptype = 'e'
  UNION ALL
  SELECT pg_describe_object('pg_class'::regclass, s.objoid, s.objsubid),
         'it has a security label of ' || s.provider,
         'drop the label before the job, and set it again after the switch'
  FROM wanted AS w
  JOIN pg_seclabel AS s ON s.classoid = 'pg_class'::regclass AND s.objoid = w.relid
   AND s.objsubid = w.attnum
  UNION ALL
  SELECT pg_describe_object('pg_class'::regclass, x.oid, 0),
         'our role may not create one like it in schema ' || quote_ident(n.nspname),
         'GRANT CREATE ON SCHEMA ' || quote_ident(n.nspname) || ' TO ' || quote_ident(current_user)
  FROM wanted AS w
  JOIN pg_index AS i ON i.indrelid = w.relid
  JOIN pg_class AS x ON x.oid = i.indexrelid AND x.relname NOT LIKE '%\_\_backfill%'
  JOIN pg_namespace AS n ON n.oid = x.relnamespace
  WHERE (w.attnum = ANY (i.indkey::int2[]) OR EXISTS (
          SELECT FROM pg_depend AS d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid
            AND d.refobjsubid = w.attnum))
    AND NOT has_schema_privilege(n.oid, 'CREATE')
  UNION ALL
  SELECT pg_describe_object('pg_class'::regclass, x.oid, 0),
         'our role may not create one like it in tablespace ' || quote_ident(s.spcname),
         'GRANT CREATE ON TABLESPACE ' || quote_ident(s.spcname) || ' TO '
           || quote_ident(current_user)
  FROM wanted AS w
  JOIN pg_index AS i ON i.indrelid = w.relid AND w.attnum = ANY (i.indkey::int2[])
  JOIN pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_tablespace AS s ON s.oid = x.reltablespace
  WHERE NOT has_tablespace_privilege(s.oid, 'CREATE')
  UNION ALL
  SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0),
         CASE WHEN NOT pg_has_role(c.relowner, 'USAGE')
              THEN 'our role is no member of ' || quote_ident(pg_get_userbyid(c.relowner))
                || ', which owns ' || quote_ident(c.relname)
              ELSE 'our role may neither reference nor lock ' || quote_ident(f.relname) END,
         CASE WHEN NOT pg_has_role(c.relowner, 'USAGE')
              THEN 'run the job as a member of both owners, or drop the foreign key before it'
              ELSE 'GRANT REFERENCES, UPDATE ON ' || k.confrelid::regclass || ' TO '
                || quote_ident(current_user) END
  FROM wanted AS w
  JOIN pg_constraint AS k ON k.contype = 'f' AND k.conparentid = 0
   AND k.conname NOT LIKE '%\_\_backfill%'
   AND ((k.conrelid = w.relid AND w.attnum = ANY (k.conkey))
     OR (k.confrelid = w.relid AND w.attnum = ANY (k.confkey)))
  JOIN pg_class AS c ON c.oid = k.conrelid
  JOIN pg_class AS f ON f.oid = k.confrelid
  WHERE NOT pg_has_role(c.relowner, 'USAGE')
     OR NOT (has_table_privilege(f.oid, 'REFERENCES')
             AND has_table_privilege(f.oid, 'UPDATE, DELETE, TRUNCATE'))
  UNION ALL
  SELECT pg_describe_object('pg_statistic_ext'::regclass, e.oid, 0),
         'our role may not make one like it in schema ' || quote_ident(n.nspname)
           || ', or is no member of its owner',
         'run the job as a role that may; or drop it before the job, and make it again after the '
         'switch'
  FROM wanted AS w
  JOIN pg_depend AS d ON d.classid = 'pg_statistic_ext'::regclass
   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relid AND d.refobjsubid = w.attnum
  JOIN pg_statistic_ext AS e ON e.oid = d.objid AND e.stxname NOT LIKE '%\_\_backfill%'
  JOIN pg_namespace AS n ON n.oid = e.stxnamespace
  WHERE NOT (has_schema_privilege(n.oid, 'CREATE') AND pg_has_role(e.stxowner, 'USAGE'))
) AS found
ORDER BY found.object)";

void keep_uncarried(Dependants& found, const Json& row) {
  found.uncarried.push_back({text_of(row, "object"), text_of(row, "reason"), text_of(row, "hint")});
}

}  // namespace

Read read_uncarried(Reading* reading) {
  return read_rows(reading, std::string{with_views}, std::string{uncarried_body}, keep_uncarried);
}

}  // namespace backfill::dependants
