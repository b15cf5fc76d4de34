#include <fmt/format.h>

#include "catalog/expression_scope.hpp"
#include "catalog/preflight/checks.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"

/// The role may read and update the table, add its columns, and keep the control schema.
/// What expressions read beyond the table is asked of the server along with them.
namespace backfill {
namespace {

/// $1 the table, $2 the set columns.
constexpr std::string_view table_sql = R"(
SELECT current_user,
       pg_catalog.quote_ident(n.nspname),
       pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
       pg_catalog.has_any_column_privilege(c.oid, 'SELECT'),
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attname = ANY ($2::text[]) AND a.attnum > 0
          AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'UPDATE')),
       pg_catalog.pg_has_role(c.relowner, 'USAGE'),
       pg_catalog.pg_get_userbyid(c.relowner)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = $1::oid)";

/// $1 the table, $2 the key's columns: those that may not be read.
constexpr std::string_view unreadable_sql = R"(
SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = $1::oid AND a.attname = ANY ($2::text[])
  AND NOT pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'))";

/// Whether the control schema is there, usable, and which of its tables and views are not; an
/// owner's schema may also grow with a newer version of the tool.
constexpr std::string_view control_sql = R"(
SELECT pg_catalog.current_database(),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
       n.oid IS NOT NULL,
       coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
       coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false),
       EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = n.oid),
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c.relname), ', ' ORDER BY c.relname)
        FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT (
          pg_catalog.has_table_privilege(c.oid, 'SELECT')
          AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
          AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
          AND pg_catalog.has_table_privilege(c.oid, 'DELETE'))),
       pg_catalog.pg_get_userbyid(n.nspowner)
FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'backfill')";

void judge_table(Preflight* preflight, const pg::Row& row) {
  const std::string user = quote_identifier(pg::text_field(row, 0));
  const std::string table = quote_name(preflight->target->table);
  if (!pg::bool_field(row, 2)) {
    preflight->refuse(fmt::format("{} may not use schema {}", user, pg::text_field(row, 1)),
                      fmt::format("GRANT USAGE ON SCHEMA {} TO {}", pg::text_field(row, 1), user));
  }
  if (!pg::bool_field(row, 3)) {
    preflight->refuse(fmt::format("{} may not read {}", user, preflight->table()),
                      fmt::format("GRANT SELECT ON {} TO {}", table, user));
  }
  const std::string not_updatable = pg::text_field(row, 4);
  if (!not_updatable.empty()) {
    preflight->refuse(
        fmt::format("{} may not update {} of {}", user, not_updatable, preflight->table()),
        fmt::format("GRANT UPDATE ({}) ON {} TO {}", not_updatable, table, user));
  }
  const bool adds = !missing_columns(*preflight->job, *preflight->target).empty();
  const bool enforces = !preflight->job->enforce.empty();
  if ((adds || enforces) && !pg::bool_field(row, 5)) {
    const std::string owner = quote_identifier(pg::text_field(row, 6));
    preflight->refuse(
        fmt::format("{} needs the owner of {}, which is {}, and {} is no member of "
                    "that role",
                    adds ? "`add`" : "`enforce`", preflight->table(), owner, user),
        adds && !enforces
            ? fmt::format("GRANT {} TO {}, or let the owner add the columns first", owner, user)
            : fmt::format("GRANT {} TO {}, or run the job as the owner", owner, user));
  }
}

void judge_control(Preflight* preflight, const pg::Row& row, const std::string& user) {
  const bool exists = pg::bool_field(row, 2);
  if (!exists && !pg::bool_field(row, 1)) {
    preflight->refuse(fmt::format("{} may not create schema `backfill` in database {}, where the "
                                  "checkpoints are kept",
                                  user, pg::text_field(row, 0)),
                      fmt::format("CREATE SCHEMA backfill AUTHORIZATION {}, or GRANT CREATE ON "
                                  "DATABASE {} TO {}",
                                  user, quote_identifier(pg::text_field(row, 0)), user));
  }
  if (!exists) return;
  const std::string owner = quote_identifier(pg::text_field(row, 7));
  const bool usable = pg::bool_field(row, 3);
  const bool needs_tables = !pg::bool_field(row, 5);
  if (!usable || (needs_tables && !pg::bool_field(row, 4))) {
    preflight->refuse(
        fmt::format("{} may not use schema backfill, which belongs to {}", user, owner),
        fmt::format("GRANT {} TO {}, or GRANT USAGE, CREATE ON SCHEMA backfill TO {}", owner, user,
                    user));
    return;
  }
  const std::string closed = pg::text_field(row, 6);
  if (closed.empty()) return;
  preflight->refuse(
      fmt::format("{} may not read and write all tables of schema backfill ({})", user, closed),
      fmt::format("GRANT {} TO {}, or GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
                  "backfill TO {}",
                  owner, user, user));
}

}  // namespace

CheckResult check_privileges(Preflight* preflight) {
  const std::vector<pg::Param> params{preflight->oid(), preflight->set_columns()};
  std::string table{table_sql};
  const auto found = co_await ask(preflight, std::move(table), params);
  if (!found) co_return found.error();
  if (found->values.empty()) co_return fatal_error("the table is gone");
  judge_table(preflight, found->values.front());

  const std::string user = quote_identifier(pg::text_field(found->values.front(), 0));
  const bool readable = pg::bool_field(found->values.front(), 3);
  std::string unreadable{unreadable_sql};
  const std::vector<pg::Param> key{preflight->oid(), preflight->key_columns()};
  const auto keys = co_await ask(preflight, std::move(unreadable), key);
  if (!keys) co_return keys.error();
  const std::string hidden = pg::text_field(keys->values.at(0), 0);
  if (readable && !hidden.empty()) {
    preflight->refuse(
        fmt::format("{} may not read {} of {}, the key", user, hidden, preflight->table()),
        fmt::format("GRANT SELECT ({}) ON {} TO {}", hidden, quote_name(preflight->target->table),
                    user));
  }

  std::string control{control_sql};
  const auto schema = co_await ask(preflight, std::move(control));
  if (!schema) co_return schema.error();
  judge_control(preflight, schema->values.at(0), user);
  co_return Result<void>{};
}

}  // namespace backfill
