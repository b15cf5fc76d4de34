#include "jobs/type_copy.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_names.hpp"

namespace backfill {

namespace {

constexpr std::string_view instant_lock = "ACCESS EXCLUSIVE, for an instant";

const TableColumn* find_column(const Target& target, std::string_view name) {
  const auto found = std::ranges::find(target.columns, name, &TableColumn::name);
  return found == target.columns.end() ? nullptr : &*found;
}

OnlineDdl instant(std::string sql, std::string_view lock = {}) {
  OnlineDdl ddl;
  ddl.sql = std::move(sql);
  ddl.lock = lock;
  return ddl;
}

void append(std::vector<OnlineDdl>& all, std::vector<OnlineDdl> more) {
  for (OnlineDdl& ddl : more) all.push_back(std::move(ddl));
}

std::string qualified(const Target& target, std::string_view column) {
  return quote_identifier(target.table.name) + "." + quote_identifier(column);
}

/// Whether the way back would lose something in this row: what the old column holds does not give
/// the new value, nor is it what an explicit `back` makes of it.
std::string loses(const Target& target, const std::vector<CopiedColumn>& columns,
                  const CopiedColumn& column) {
  const auto parked = [&](const std::string& name) {
    const auto changed = std::ranges::find(columns, name, &CopiedColumn::name);
    return qualified(target, changed == columns.end() ? name : changed->parked);
  };
  const std::string there = computed_over(target, column.with, parked) + "::" + column.type;
  const std::string unlike = differ_sql(qualified(target, column.name), there);
  if (column.faithful) return unlike;
  const std::string from_back =
      differ_sql(qualified(target, column.parked), "(\n" + column.back + "\n)::" + column.old_type);
  return fmt::format("CASE WHEN {} THEN {} ELSE false END", unlike, from_back);
}

Job plain_backfill(const Job& job) {
  Job plain = job;
  plain.kind = JobKind::backfill;
  plain.type_copy = {};
  return plain;
}

/// The transaction's own clock, read once the first strong lock is there.
OnlineDdl note_lock_time() {
  return instant(
      "SELECT pg_catalog.set_config('backfill.locked_at', pg_catalog.clock_timestamp()::text, "
      "true)");
}

/// SQL of the snapshot from before the proof of the table that an event is about.
std::string snapshot_of_event(const std::map<std::string, std::string>& snapshots) {
  if (snapshots.empty()) return "NULL::pg_snapshot";
  const std::string first = quote_literal(snapshots.begin()->second);
  if (snapshots.size() == 1) return first + "::pg_snapshot";
  std::string cases;
  for (const auto& [table, snapshot] : snapshots) {
    cases += fmt::format(" WHEN {} THEN {}", quote_literal(table), quote_literal(snapshot));
  }
  return fmt::format("(CASE e.detail ->> 'table'{} ELSE {} END)::pg_snapshot", cases, first);
}

/// A write whose value did not convert, and that the proof has not seen: refused under the lock,
/// behind which no other can come.
OnlineDdl refuse_unproven(const SwitchProof& proof) {
  return instant(fmt::format(
      "DO $backfill$\nDECLARE\n  found_text text;\nBEGIN\n  SELECT e.detail ->> 'text' INTO "
      "found_text FROM backfill.events AS e JOIN backfill.jobs AS j ON j.id = e.job_id\n    WHERE "
      "j.name = {} AND e.reason = 'cast_error' AND NOT pg_catalog.pg_visible_in_snapshot((e.detail "
      "->> 'xid')::xid8, {})\n    ORDER BY e.id LIMIT 1;\n  IF FOUND THEN\n    RAISE "
      "EXCEPTION '%', found_text USING ERRCODE = 'BF006';\n  END IF;\nEND $backfill$",
      quote_literal(proof.job), snapshot_of_event(proof.snapshots)));
}

/// A trigger that was switched off for a while, or made anew, has let writes pass that the proof
/// may not have seen.
std::optional<OnlineDdl> refuse_touched(const SwitchProof& proof,
                                        const std::vector<SyncFacts>& tables) {
  std::string checks;
  for (const SyncFacts& facts : tables) {
    const auto mark = proof.triggers.find(quote_name(facts.target.table));
    if (mark == proof.triggers.end() || mark->second.empty()) continue;
    checks += fmt::format(
        "  IF ({}) IS DISTINCT FROM {} THEN\n    RAISE EXCEPTION '%', {} USING ERRCODE = "
        "'BF005';\n  END IF;\n",
        sync_trigger_mark_sql(
            quote_literal(quote_name(facts.target.table)) + "::pg_catalog.regclass",
            quote_literal(sync_trigger(facts.job, facts.label))),
        quote_literal(mark->second),
        quote_literal(fmt::format("the trigger on {} was disabled, changed or made anew since the "
                                  "proof began",
                                  name_text(facts.target.table))));
  }
  if (checks.empty()) return std::nullopt;
  return instant("DO $touched$\nBEGIN\n" + checks + "END $touched$");
}

OnlineDdl finish_phase_ddl(const std::string& job, std::string_view phase) {
  return instant(fmt::format(
      "UPDATE backfill.phases AS p SET finished_at = pg_catalog.clock_timestamp(), detail = "
      "pg_catalog.jsonb_build_object('locked_ms', pg_catalog.round(1000 * (extract(epoch FROM "
      "pg_catalog.clock_timestamp() - pg_catalog.current_setting('backfill.locked_at')::"
      "timestamptz))::numeric, 1)) FROM backfill.jobs AS j WHERE j.id = p.job_id AND j.name = {} "
      "AND p.phase = {} AND p.finished_at IS NULL",
      quote_literal(job), quote_literal(phase)));
}

OnlineDdl rename(const Target& target, const std::string& from, const std::string& to) {
  return instant(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", quote_name(target.table),
                             quote_identifier(from), quote_identifier(to)),
                 instant_lock);
}

OnlineDdl lock_tables(const std::vector<std::string>& quoted) {
  return instant(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", fmt::join(quoted, ", ")),
                 "ACCESS EXCLUSIVE, until the end of this transaction: some milliseconds");
}

/// Several tables are locked in the order of their names before the first of them is touched, as
/// everybody does it who locks several.
void lock_together(std::vector<OnlineDdl>& all, const std::vector<SyncFacts>& tables) {
  if (tables.size() < 2) return;
  std::vector<std::string> names;
  for (const SyncFacts& facts : tables) names.push_back(quote_name(facts.target.table));
  std::ranges::sort(names);
  all.push_back(lock_tables(names));
}

void append_texts(std::vector<OnlineDdl>& all, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) all.push_back(instant(text, instant_lock));
}

}  // namespace

std::vector<CopiedColumn> copied_columns(const Job& job, const Target& target) {
  std::vector<CopiedColumn> columns;
  for (const ChangeColumn& change : job.type_copy.columns) {
    CopiedColumn column;
    column.name = change.column;
    column.fresh = suffixed_name(change.column, incoming_suffix);
    column.parked = suffixed_name(change.column, parked_suffix);
    column.type = change.type;
    column.with = change.with;
    const TableColumn* old = find_column(target, column.parked);
    if (old == nullptr) old = find_column(target, column.name);
    if (old != nullptr) column.old_type = old->type;
    column.faithful = !change.back.has_value();
    column.back = change.back.value_or(quote_identifier(column.name) + "::" + column.old_type);
    columns.push_back(std::move(column));
  }
  return columns;
}

CopyStage stage_of(const Job& job, const Target& target) {
  const std::vector<CopiedColumn> columns = copied_columns(job, target);
  const auto has = [&](std::string CopiedColumn::* name) {
    return [&target, name](const CopiedColumn& column) {
      return find_column(target, column.*name) != nullptr;
    };
  };
  if (std::ranges::any_of(columns, has(&CopiedColumn::parked))) return CopyStage::switched;
  if (std::ranges::all_of(columns, has(&CopiedColumn::fresh))) return CopyStage::added;
  return CopyStage::absent;
}

Job forward_job(const Job& job) {
  Job forward = plain_backfill(job);
  for (const ChangeColumn& change : job.type_copy.columns) {
    const std::string fresh = suffixed_name(change.column, incoming_suffix);
    forward.add.push_back({fresh, change.type});
    forward.set.push_back({fresh, change.with});
  }
  return forward;
}

Job backward_job(const Job& job, const Target& target) {
  Job backward = plain_backfill(job);
  const std::vector<CopiedColumn> columns = copied_columns(job, target);
  std::vector<std::string> conditions;
  for (const CopiedColumn& column : columns) {
    conditions.push_back(loses(target, columns, column));
    backward.set.push_back({column.parked, column.back});
  }
  backward.where = fmt::format("{}", fmt::join(conditions, " OR "));
  return backward;
}

std::optional<Job> handled_job(const Job& job, const Target& target) {
  Job handled = plain_backfill(job);
  const std::vector<CopiedColumn> columns = copied_columns(job, target);
  std::vector<std::string> conditions;
  for (const CopiedColumn& column : columns) {
    if (column.faithful) continue;
    const std::string condition = loses(target, columns, column);
    conditions.push_back(condition);
    handled.set.push_back(
        {column.parked, fmt::format("CASE WHEN {} THEN (\n{}\n) ELSE {} END", condition,
                                    column.back, qualified(target, column.parked))});
  }
  if (conditions.empty()) return std::nullopt;
  handled.where = fmt::format("{}", fmt::join(conditions, " OR "));
  return handled;
}

std::vector<CarriedColumn> carried_columns(const Job& job, const Target& target) {
  std::vector<CarriedColumn> carried;
  for (const CopiedColumn& column : copied_columns(job, target)) {
    CarriedColumn one;
    one.table = target.table;
    one.name = column.name;
    one.type = column.type;
    one.with = column.with;
    one.incoming = column.fresh;
    one.parked = column.parked;
    carried.push_back(std::move(one));
  }
  return carried;
}

std::vector<OnlineDdl> add_ddl(const std::vector<SyncFacts>& tables, const CarryPlan& carry,
                               const std::string& record) {
  std::vector<OnlineDdl> ddl;
  lock_together(ddl, tables);
  std::size_t carried = 0;
  for (const SyncFacts& facts : tables) {
    std::vector<std::string> additions;
    for (const CopiedColumn& column : facts.columns) {
      const std::string clause =
          carried < carry.add_clauses.size() ? carry.add_clauses[carried] : "";
      ++carried;
      additions.push_back(fmt::format("ADD COLUMN IF NOT EXISTS {} {}{}",
                                      quote_identifier(column.fresh), column.type, clause));
    }
    ddl.push_back(instant(fmt::format("ALTER TABLE {} {}", quote_name(facts.target.table),
                                      fmt::join(additions, ", ")),
                          "ACCESS EXCLUSIVE, for an instant: nullable columns without a default "
                          "rewrite nothing"));
  }
  append_texts(ddl, carry.with_column);
  for (const SyncFacts& facts : tables) {
    append(ddl, sync_function_ddl(facts, SyncDirection::forward));
    append(ddl, sync_trigger_ddl(facts));
  }
  const std::string of_job =
      fmt::format("job_id = (SELECT j.id FROM backfill.jobs AS j WHERE j.name = {})",
                  quote_literal(tables.front().job));
  ddl.push_back(instant("DELETE FROM backfill.ranges WHERE " + of_job));
  ddl.push_back(instant("DELETE FROM backfill.quarantine WHERE " + of_job));
  ddl.push_back(instant("DELETE FROM backfill.phases WHERE phase <> 'add' AND " + of_job));
  if (!record.empty()) {
    ddl.push_back(
        instant(fmt::format("UPDATE backfill.phases SET detail = {}::jsonb WHERE phase = "
                            "'add' AND {}",
                            quote_literal(record), of_job)));
  }
  return ddl;
}

std::vector<OnlineDdl> switch_ddl(const std::vector<SyncFacts>& tables, const CarrySwitch& carry,
                                  const SwitchProof& proof, SyncDirection direction) {
  const bool forward = direction == SyncDirection::forward;
  std::vector<OnlineDdl> ddl;
  // Asked twice: the first time fills the session's caches while nobody waits for it.
  if (!carry.unchanged.empty()) ddl.push_back(instant(carry.unchanged));
  const auto first_lock = static_cast<std::ptrdiff_t>(ddl.size());
  append_texts(ddl, carry.view_locks);
  std::vector<std::string> locks;
  for (const QualifiedName& table : carry.locks) locks.push_back(quote_name(table));
  ddl.push_back(lock_tables(locks));
  // Views are locked before the tables; what waits for them waits from the first of them on.
  ddl.insert(ddl.begin() + first_lock + 1, note_lock_time());
  ddl.push_back(refuse_unproven(proof));
  if (const auto touched = refuse_touched(proof, tables)) ddl.push_back(*touched);
  if (!carry.unchanged.empty()) ddl.push_back(instant(carry.unchanged));
  append_texts(ddl, carry.views);
  append_texts(ddl, carry.before_rename);
  for (const SyncFacts& facts : tables) {
    for (const CopiedColumn& column : facts.columns) {
      ddl.push_back(rename(facts.target, column.name, forward ? column.parked : column.fresh));
      ddl.push_back(rename(facts.target, forward ? column.fresh : column.parked, column.name));
    }
    append(ddl, sync_function_ddl(facts, forward ? SyncDirection::back : SyncDirection::forward));
  }
  append_texts(ddl, carry.after_rename);
  ddl.push_back(finish_phase_ddl(proof.job, forward ? "switch" : "rollback"));
  return ddl;
}

std::vector<OnlineDdl> drop_ddl(const std::vector<SyncFacts>& tables, CopyStage stage) {
  std::vector<OnlineDdl> ddl;
  lock_together(ddl, tables);
  for (const SyncFacts& facts : tables) {
    append(ddl, drop_sync_ddl(facts));
    if (stage == CopyStage::absent) continue;
    std::vector<std::string> drops;
    for (const CopiedColumn& column : facts.columns) {
      drops.push_back("DROP COLUMN IF EXISTS " +
                      quote_identifier(stage == CopyStage::added ? column.fresh : column.parked));
    }
    ddl.push_back(instant(
        fmt::format("ALTER TABLE {} {}", quote_name(facts.target.table), fmt::join(drops, ", ")),
        instant_lock));
  }
  return ddl;
}

}  // namespace backfill
