#include "jobs/type_copy_sync.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_names.hpp"

namespace backfill {

namespace {

constexpr std::string_view control_schema = "backfill";

/// What a stable cast or function of the server's own may depend on.
constexpr std::string_view pinned_settings =
    " SET \"TimeZone\" FROM CURRENT SET \"DateStyle\" FROM CURRENT SET \"IntervalStyle\" FROM "
    "CURRENT SET extra_float_digits FROM CURRENT SET bytea_output FROM CURRENT SET lc_monetary "
    "FROM CURRENT";

QualifiedName function_name(const SyncFacts& facts) {
  return {std::string{control_schema}, sync_function(facts.job, facts.label)};
}

std::string field_of(std::string_view row, std::string_view column) {
  return std::string{row}.append(".").append(quote_identifier(column));
}

std::vector<std::string> mentioned_columns(const Target& target, const std::string& expression) {
  std::vector<std::string> names;
  for (const TableColumn& column : target.columns) {
    if (mentions_identifier(expression, column.name)) names.push_back(column.name);
  }
  return names;
}

/// A body in dollar quotes whose tag does not occur in it.
std::string dollar_quoted(const std::string& body) {
  std::string tag = "$backfill$";
  for (int i = 1; body.find(tag) != std::string::npos; ++i) tag = fmt::format("$backfill{}$", i);
  return tag + body + tag;
}

std::string over_new(const Target& target, const std::string& expression) {
  return computed_over(target, expression,
                       [](const std::string& column) { return field_of("NEW", column); });
}

/// A row of `backfill.events`, which commits or is undone with the write that it is about. The
/// transaction tells the switch whether the proof has seen that write.
std::string record_error(const SyncFacts& facts, const std::string& from, const std::string& to) {
  std::vector<std::string> key;
  for (const KeyColumn& column : facts.target.key.columns) {
    key.push_back(field_of("NEW", column.name) + "::text");
  }
  return fmt::format(
      "    INSERT INTO backfill.events (job_id, kind, reason, detail)\n"
      "      SELECT j.id, 'error', 'cast_error', pg_catalog.jsonb_build_object(\n"
      "        'text', pg_catalog.format('%s does not convert to %s in the row with key (%s): %s "
      "(SQLSTATE %s)', {}, {}, pg_catalog.concat_ws(', ', {}), SQLERRM, SQLSTATE),\n"
      "        'table', {}, 'xid', pg_catalog.pg_current_xact_id()::text)\n"
      "      FROM backfill.jobs AS j WHERE j.name = {};\n",
      quote_literal(from), quote_literal(to), fmt::join(key, ", "),
      quote_literal(quote_name(facts.target.table)), quote_literal(facts.job));
}

/// One assignment, caught or not.
std::string assign(const SyncFacts& facts, const std::string& to, const std::string& from,
                   const std::string& expression) {
  const std::string assignment =
      field_of("NEW", to) + " := " + over_new(facts.target, expression) + ";\n";
  if (facts.on_cast_error == CastErrors::fail) return "  " + assignment;
  return "  BEGIN\n    " + assignment + "  EXCEPTION WHEN OTHERS THEN\n    " + field_of("NEW", to) +
         " := NULL;\n" + record_error(facts, from, to) + "  END;\n";
}

std::string forward_body(const SyncFacts& facts) {
  std::string body;
  for (const CopiedColumn& column : facts.columns) {
    body += assign(facts, column.fresh, column.name, column.with);
  }
  return body;
}

/// A row whose new value stays as it was keeps its old value, too: on its way there and back it
/// could have lost something.
std::string back_body(const SyncFacts& facts) {
  std::string body;
  for (const CopiedColumn& column : facts.columns) {
    std::vector<std::string> now;
    std::vector<std::string> before;
    for (const std::string& name : mentioned_columns(facts.target, column.back)) {
      now.push_back(field_of("NEW", name));
      before.push_back(field_of("OLD", name));
    }
    const std::string changed = differ_sql(fmt::format("{}", fmt::join(now, ", ")),
                                           fmt::format("{}", fmt::join(before, ", ")));
    // OLD has no fields in an INSERT, and AND need not look at its left side first.
    body += "  IF TG_OP = 'INSERT' THEN\n    changed := true;\n  ELSE\n    changed := " + changed +
            ";\n  END IF;\n  IF changed THEN\n" +
            assign(facts, column.parked, column.name, column.back) + "  ELSE\n    " +
            field_of("NEW", column.parked) + " := " + field_of("OLD", column.parked) +
            ";\n  END IF;\n";
  }
  return body;
}

OnlineDdl instant(std::string sql, std::string lock) {
  OnlineDdl ddl;
  ddl.sql = std::move(sql);
  ddl.lock = std::move(lock);
  return ddl;
}

}  // namespace

std::string computed_over(const Target& target, const std::string& expression,
                          const std::function<std::string(const std::string& column)>& source) {
  std::vector<std::string> columns;
  for (const std::string& name : mentioned_columns(target, expression)) {
    columns.push_back(source(name) + " AS " + quote_identifier(name));
  }
  return fmt::format("(SELECT (\n{}\n) FROM (SELECT {}) AS {})", expression,
                     fmt::join(columns, ", "), quote_identifier(target.table.name));
}

std::string differ_sql(const std::string& left, const std::string& right) {
  return fmt::format("(ROW({})::record OPERATOR(pg_catalog.*<>) ROW({})::record)", left, right);
}

std::vector<OnlineDdl> sync_function_ddl(const SyncFacts& facts, SyncDirection direction) {
  // Temporary objects of a writer's session come last: a type of theirs must not stand for ours.
  std::vector<OnlineDdl> ddl;
  ddl.push_back(
      instant("SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', "
              "nullif(pg_catalog.current_setting('search_path'), ''), 'pg_temp'), true)",
              ""));
  const bool forward = direction == SyncDirection::forward;
  std::string body = "\n#variable_conflict use_column\n";
  if (!forward) body += "DECLARE\n  changed boolean;\n";
  body += "BEGIN\n" + (forward ? forward_body(facts) : back_body(facts)) + "  RETURN NEW;\nEND\n";
  ddl.push_back(instant(
      fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY "
                  "DEFINER SET search_path FROM CURRENT{} AS {}",
                  quote_name(function_name(facts)), facts.pin_settings ? pinned_settings : "",
                  dollar_quoted(body)),
      "none on the table"));
  return ddl;
}

std::vector<OnlineDdl> sync_trigger_ddl(const SyncFacts& facts) {
  const std::string table = quote_name(facts.target.table);
  const std::string trigger = quote_identifier(sync_trigger(facts.job, facts.label));
  std::vector<OnlineDdl> ddl;
  ddl.push_back(instant(fmt::format("DROP TRIGGER IF EXISTS {} ON {}", trigger, table),
                        "ACCESS EXCLUSIVE, for an instant"));
  ddl.push_back(
      instant(fmt::format("CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON {} FOR EACH ROW WHEN "
                          "(pg_catalog.current_setting('{}', true) IS DISTINCT FROM {}) EXECUTE "
                          "FUNCTION {}()",
                          trigger, table, batch_setting, quote_literal(facts.job),
                          quote_name(function_name(facts))),
              "SHARE ROW EXCLUSIVE, for an instant"));
  ddl.push_back(instant(fmt::format("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}", table, trigger),
                        "SHARE ROW EXCLUSIVE, for an instant"));
  return ddl;
}

std::string sync_trigger_mark_sql(const std::string& table, const std::string& trigger) {
  return fmt::format(
      "SELECT pg_catalog.concat_ws(' ', t.oid, t.xmin, t.tgenabled) FROM pg_catalog.pg_trigger AS "
      "t WHERE t.tgrelid = {} AND t.tgname = {}",
      table, trigger);
}

std::vector<OnlineDdl> drop_sync_ddl(const SyncFacts& facts) {
  std::vector<OnlineDdl> ddl;
  ddl.push_back(instant(fmt::format("DROP TRIGGER IF EXISTS {} ON {}",
                                    quote_identifier(sync_trigger(facts.job, facts.label)),
                                    quote_name(facts.target.table)),
                        "ACCESS EXCLUSIVE, for an instant"));
  ddl.push_back(
      instant(fmt::format("DROP FUNCTION IF EXISTS {}()", quote_name(function_name(facts))), ""));
  return ddl;
}

}  // namespace backfill
