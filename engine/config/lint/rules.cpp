#include "config/lint/rules.hpp"

#include <algorithm>
#include <array>

namespace backfill::lint {

namespace {

constexpr auto error = Severity::error;
constexpr auto warning = Severity::warning;

constexpr std::array table{
    Rule{
        "schema", error, Scope::reading,
        "the file cannot be read as a job: an unknown key, a wrong type or unit, SQL that does not "
        "end"},
    Rule{"placeholder", error, Scope::file,
         "`replace_me` of a starter file is still there, where only its author knows what belongs"},
    Rule{"file-name", warning, Scope::file,
         "the file is not named YYYYMMDD_HHMM_description.yaml or YYYYMMDD_###_description.yaml"},
    Rule{"duplicate-job", error, Scope::files, "two files are the same job by their names"},
    Rule{
        "same-moment", warning, Scope::files,
        "two files of a folder have the same date and time or number, so their order is not known"},
    Rule{"not-idempotent", error, Scope::file,
         "an expression starts from what the job itself writes, and `where` does not tell which "
         "rows "
         "are done"},
    Rule{"volatile-function", error, Scope::file,
         "an expression gives another value each time, and `where` does not tell which rows are "
         "done"},
    Rule{"volatile-condition", error, Scope::file,
         "a function that gives another answer each time stands where rows are judged: `where`, "
         "`check`, `using` or `back`"},
    Rule{
        "side-effect", error, Scope::file,
        "a function that does something besides giving a value: a retried or cancelled batch would "
        "do it again"},
    Rule{"time-of-batch", warning, Scope::file,
         "now() and its kin give the time of each batch, and `where` does not tell which rows are "
         "done"},
    Rule{
        "moving-condition", warning, Scope::file,
        "a condition that moves with the clock: what is right when a row is changed need not be so "
        "when it is proven"},
    Rule{"compare-with-null", error, Scope::file,
         "a comparison with NULL is never true: IS NULL or IS NOT NULL is meant"},
    Rule{"no-change", warning, Scope::file,
         "a column is set to itself: every row is written and nothing changes"},
    Rule{"not-null-before-backfill", error, Scope::files,
         "NOT NULL is enforced on a column that this job leaves NULL in some rows, or that a later "
         "file fills"},
    Rule{"orphans-removed", warning, Scope::file, "`orphans: delete` deletes rows of the table"},
    Rule{"drop-without-grace", error, Scope::file,
         "the old column goes less than an hour after the switch: a rollback is hardly possible"},
    Rule{
        "short-grace", warning, Scope::file,
        "the old column goes less than a day after the switch: no whole day has been seen by then"},
    Rule{"no-way-back", warning, Scope::file,
         "`using` is more than a cast and there is no `back`: a rollback would cast, and refuse or "
         "write something else"},
    Rule{"table-without-schema", warning, Scope::file,
         "a table without its schema is another table under another search_path"},
    Rule{"triggers-bypassed", warning, Scope::file,
         "`user_triggers: bypass`: what audits, replicates or keeps summaries does not see the "
         "changes"},
    Rule{"long-lock-timeout", warning, Scope::file,
         "`lock_timeout` above 10s: whatever queues behind the job's DDL waits as long"},
    Rule{
        "long-statement-timeout", warning, Scope::file,
        "`statement_timeout` above 5m: one statement may hold its row locks and VACUUM back for so "
        "long"},
    Rule{"large-batch", warning, Scope::file,
         "batches above a second or 50000 rows: other writers wait for rows as long"},
    Rule{"loose-lag-limit", warning, Scope::file,
         "`replica_lag.stop` above 5m: reads from standbys are as old as that"},
    Rule{"password-in-file", error, Scope::file,
         "a password stands in the file: a ${VARIABLE} or the password file keeps it out of the "
         "repository"},
    Rule{"changed-after-commit", error, Scope::history,
         "the job means something else than when it was first committed"},
    Rule{"renamed-after-commit", error, Scope::history,
         "the job's name is another than when it was first committed: it would begin anew where it "
         "has run"},
    Rule{"shallow-history", warning, Scope::history,
         "the clone does not reach back to the file's first commit, so changes cannot be seen"},
    Rule{"changed-after-run", error, Scope::database,
         "the job means something else than when it ran on this database"},
    Rule{"unknown-allowance", warning, Scope::file, "a comment allows a rule that is not there"},
    Rule{"unused-allowance", warning, Scope::file, "a comment allows what nothing here does"},
};

}  // namespace

std::span<const Rule> rules() {
  return table;
}

const Rule* find_rule(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Rule::name);
  return found == table.end() ? nullptr : found;
}

std::string_view severity_word(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

}  // namespace backfill::lint
