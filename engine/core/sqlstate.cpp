#include "core/sqlstate.hpp"

#include <algorithm>
#include <array>

namespace backfill {
namespace {

using enum ErrorClass;

/// Sorted by code. Two characters stand for a class, five for one code, which goes before its
/// class. What is not here is `fatal`; the `fatal` rows are exceptions from their class, or cases
/// where the opposite would be a natural guess.
constexpr auto table = std::to_array<SqlstateRow>({
    {"08", reconnect},
    {"08007", ambiguous},    // transaction_resolution_unknown
    {"0A000", retry_batch},  // "cached plan must not change result type": prepared anew on retry
    {"20", row},             // CASE without a match in a trigger or function
    {"21", row},             // a subquery of the expression gave more than one row
    {"22", row},             // bad cast, overflow, division by zero
    {"23", row},             // not null, check, unique, foreign key
    {"25006", reconnect},    // read-only transaction: the primary has moved elsewhere
    {"25P03", reconnect},    // idle_in_transaction_session_timeout closed the connection
    {"25P04", reconnect},    // transaction_timeout (17 and later) closed the connection
    {"26000", retry_batch},  // prepared statement unknown: a pooler gave us another server session
    {"2F", row},             // SQL routine exception
    {"38", row},             // PL/Python and PL/Perl raise their exceptions as 38000
    {"39", row},             // external routine invocation
    {"40", retry_batch},     // serialization failure, deadlock: the server undid the transaction
    {"40002", row},          // a constraint found wanting at COMMIT: repeating cannot help
    {"40003", ambiguous},    // statement_completion_unknown
    {"42P05", retry_batch},  // prepared statement exists: a pooler's session knows it already
    {"44", row},             // WITH CHECK OPTION
    {"53", shrink_batch},    // memory, temp_file_limit, no unpinned buffers
    {"53100", fatal},      // disk full: smaller batches fill it as well, and the primary dies of it
    {"53300", reconnect},  // too many connections: a place may come free
    {"54", row},           // index row or tuple too big, stack depth: one row's values do it
    {"54011", fatal},      // too many columns
    {"54023", fatal},      // too many arguments
    {"55P03", retry_batch},   // lock_timeout or NOWAIT
    {"57014", shrink_batch},  // statement_timeout, or cancelled for one who waits for our locks
    {"57P01", reconnect},     // terminated by an administrator, or the server shuts down
    {"57P02", reconnect},     // another server process crashed
    {"57P03", reconnect},     // starting up, shutting down or in recovery
    {"57P05", reconnect},     // idle_session_timeout
    {"72000", retry_batch},   // snapshot too old
    {"BF001", lease_lost},
    {"BF002", ambiguous},  // the checkpoint is not where the batch expected it
    {"P0", row},           // RAISE, ASSERT and STRICT in PL/pgSQL
});

static_assert(std::ranges::is_sorted(table, {}, &SqlstateRow::code));
static_assert(table.back().code == "P0");

const SqlstateRow* find_row(std::string_view code) {
  const auto* const found = std::ranges::lower_bound(table, code, {}, &SqlstateRow::code);
  return found != table.end() && found->code == code ? found : nullptr;
}

}  // namespace

std::span<const SqlstateRow> sqlstate_table() {
  return table;
}

ErrorClass classify_sqlstate(std::string_view sqlstate) {
  if (sqlstate.size() != 5) return fatal;
  if (const auto* const code = find_row(sqlstate)) return code->kind;
  if (const auto* const of_class = find_row(sqlstate.substr(0, 2))) return of_class->kind;
  return fatal;
}

}  // namespace backfill
