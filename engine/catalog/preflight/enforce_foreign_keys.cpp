#include <algorithm>

#include <fmt/format.h>

#include "catalog/preflight/checks.hpp"
#include "core/enforce_step.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

/// What a foreign key refers to is there, unique, of a type that can be compared, and may be
/// referred to by us.
namespace backfill {
namespace {

/// $1 the referenced table, $2 its columns: what is missing of them, whether a unique index stands
/// on exactly these (a set, in any order, as the server wants it), whether we may refer to them,
/// whether it is the job's own table ($3), and their types in the order given.
constexpr std::string_view referenced_sql = R"(
SELECT (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(n.name), ', ')
        FROM pg_catalog.unnest($2::text[]) AS n(name)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                          WHERE a.attrelid = c.oid AND a.attname = n.name AND a.attnum > 0
                            AND NOT a.attisdropped)),
       EXISTS (SELECT FROM pg_catalog.pg_index AS i
               WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                 AND i.indpred IS NULL AND i.indexprs IS NULL
                 AND i.indnkeyatts = pg_catalog.cardinality($2::text[])
                 AND NOT EXISTS (
                   SELECT FROM pg_catalog.pg_attribute AS a
                   WHERE a.attrelid = c.oid AND a.attname = ANY ($2::text[])
                     AND a.attnum <> ALL ((i.indkey::int2[])[0:i.indnkeyatts - 1]))),
       pg_catalog.has_table_privilege(c.oid, 'REFERENCES'),
       c.oid = $3::oid,
       (SELECT pg_catalog.array_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY n.at)
        FROM pg_catalog.unnest($2::text[]) WITH ORDINALITY AS n(name, at)
        JOIN pg_catalog.pg_attribute AS a
          ON a.attrelid = c.oid AND a.attname = n.name AND NOT a.attisdropped),
       c.relkind IN ('r', 'p')
FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass($1))";

void judge_orphans(Preflight* preflight, const EnforceForeignKey& key, const Target& whole,
                   bool own_table) {
  if (key.orphans == Orphans::remove && own_table) {
    preflight->refuse(
        fmt::format("{} refers to itself: removing a row without a parent makes orphans of its "
                    "own children",
                    preflight->table()),
        "Use orphans: set_null, or mend these rows first");
  }
  if (key.orphans != Orphans::set_null) return;
  for (const std::string& name : key.columns) {
    const auto column = std::ranges::find(whole.columns, name, &TableColumn::name);
    const bool will_be_not_null =
        std::ranges::any_of(preflight->job->enforce, [&](const EnforceStep& step) {
          const auto* made = std::get_if<EnforceNotNull>(&step);
          return made != nullptr && made->column == name;
        });
    if (column == whole.columns.end() || (!column->not_null && !will_be_not_null)) continue;
    preflight->refuse(fmt::format("orphans: set_null cannot be: column {} of {} is NOT NULL, or is "
                                  "to be",
                                  name_text(name), preflight->table()),
                      "Use orphans: delete, or leave the column nullable");
  }
}

/// The server compares both sides with an operator: where there is none, no key can be made.
CheckResult judge_types(Preflight* preflight, const EnforceForeignKey* key, Target whole,
                        std::vector<std::string> types) {
  for (std::size_t i = 0; i < key->columns.size() && i < types.size(); ++i) {
    const auto column = std::ranges::find(whole.columns, key->columns[i], &TableColumn::name);
    if (column == whole.columns.end() || preflight->types_refused) continue;
    std::string sql = fmt::format("EXPLAIN SELECT NULL::{} = NULL::{}\n", types[i], column->type);
    const auto planned = co_await ask(preflight, std::move(sql));
    if (planned) continue;
    if (connection_lost(planned.error())) co_return planned.error();
    preflight->refuse(
        fmt::format(
            "{} ({}) cannot refer to {}.{} ({}): the server has no operator to compare them",
            name_text(key->columns[i]), column->type, name_text(key->references),
            name_text(key->referenced[i]), types[i]),
        "Give both the same type first");
  }
  co_return Result<void>{};
}

CheckResult check_key(Preflight* preflight, const EnforceForeignKey* key) {
  const std::string shown =
      fmt::format("{} ({})", name_text(key->references), fmt::join(key->referenced, ", "));
  std::vector<pg::Param> params;
  params.emplace_back(quote_name(key->references));
  params.emplace_back(pg::text_array(key->referenced));
  params.push_back(preflight->oid());
  std::string sql{referenced_sql};
  const auto rows = co_await ask(preflight, std::move(sql), std::move(params));
  if (!rows) co_return rows.error();
  if (rows->values.empty() || !pg::bool_field(rows->values.front(), 5)) {
    preflight->refuse(fmt::format("`enforce` refers to {}, and there is no such table", shown),
                      "Correct `references` in the job file");
    co_return Result<void>{};
  }
  const pg::Row row = rows->values.front();
  const std::string missing = pg::text_field(row, 0);
  if (!missing.empty()) {
    preflight->refuse(fmt::format("`enforce` refers to {}, which has no column {}", shown, missing),
                      "Correct `references` in the job file");
    co_return Result<void>{};
  }
  if (!pg::bool_field(row, 1)) {
    preflight->refuse(fmt::format("`enforce` refers to {}, and no unique index stands on exactly "
                                  "these columns",
                                  shown),
                      "Make them a primary key or a unique constraint first");
  }
  if (!pg::bool_field(row, 2)) {
    preflight->refuse(fmt::format("this role may not refer to {}", shown),
                      fmt::format("GRANT REFERENCES ON {} to it", quote_name(key->references)));
  }
  Target whole = with_added_columns(*preflight->job, *preflight->target);
  judge_orphans(preflight, *key, whole, pg::bool_field(row, 3));
  std::vector<std::string> types = pg::parse_text_array(pg::text_field(row, 4));
  co_return co_await judge_types(preflight, key, std::move(whole), std::move(types));
}

}  // namespace

CheckResult check_enforce_foreign_keys(Preflight* preflight) {
  for (const EnforceStep& step : preflight->job->enforce) {
    const auto* key = std::get_if<EnforceForeignKey>(&step);
    if (key == nullptr) continue;
    const Result<void> checked = co_await check_key(preflight, key);
    if (!checked) co_return checked.error();
  }
  co_return Result<void>{};
}

}  // namespace backfill
