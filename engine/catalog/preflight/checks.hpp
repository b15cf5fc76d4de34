#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "catalog/preflight.hpp"
#include "core/target.hpp"
#include "pg/connection.hpp"

/// The checks of the preflight, one file each, and what they share.
namespace backfill {

/// What the checks read and where they report. Later checks see what earlier ones have found, so
/// that one cause is reported once.
struct Preflight {
  pg::Connection* connection = nullptr;
  const Job* job = nullptr;
  const Target* target = nullptr;
  PreflightSettings settings;

  std::vector<Finding> findings;
  std::string check;           ///< the one that is running
  bool in_recovery = false;    ///< a standby plans no UPDATE
  bool types_refused = false;  ///< a type of `add` is wrong, so no scope can be built with it
  /// A lock kept the server from answering: nothing is known, and nobody's job file is at fault.
  std::optional<Error> unanswered;

  void refuse(std::string message, std::string hint);
  /// About what the job file says under `path`, at byte `offset` of it: see `Finding`.
  void refuse_at(std::string path, std::size_t offset, std::string message, std::string hint);
  void warn(std::string message, std::string hint);
  void note(std::string message, std::string hint = {});
  [[nodiscard]] bool has_refused(std::string_view by) const;

  /// "public.users", for messages.
  [[nodiscard]] std::string table() const;
  [[nodiscard]] pg::Param oid() const;
  /// The names of the columns in `set`, as a text array.
  [[nodiscard]] pg::Param set_columns() const;
  [[nodiscard]] pg::Param key_columns() const;
};

/// A statement of a check, in a savepoint of its own.
[[nodiscard]] asio::awaitable<Result<pg::Rows>> ask(Preflight* preflight, std::string sql,
                                                    std::vector<pg::Param> params = {});

/// Names an `Error` of the server in a sentence: its message, and DETAIL when there is one.
[[nodiscard]] std::string in_words(const Error& error);

/// Begins a statement about the target ($1) and its partitions: `tree (oid)`.
inline constexpr std::string_view with_tree =
    "WITH tree AS (SELECT $1::oid AS oid UNION "
    "SELECT relid::oid FROM pg_catalog.pg_partition_tree($1::oid)) ";

using CheckResult = asio::awaitable<Result<void>>;

CheckResult check_server(Preflight* preflight);
CheckResult check_privileges(Preflight* preflight);
CheckResult check_standbys(Preflight* preflight);
CheckResult check_encoding(Preflight* preflight);
CheckResult check_set_columns(Preflight* preflight);
CheckResult check_add_columns(Preflight* preflight);
CheckResult check_relation_tree(Preflight* preflight);
CheckResult check_rules(Preflight* preflight);
CheckResult check_row_security(Preflight* preflight);
CheckResult check_publications(Preflight* preflight);
CheckResult check_expressions(Preflight* preflight);
CheckResult check_triggers(Preflight* preflight);
CheckResult check_preserve(Preflight* preflight);
CheckResult check_deferred_constraints(Preflight* preflight);
CheckResult check_unique_indexes(Preflight* preflight);
CheckResult check_enforce_steps(Preflight* preflight);
CheckResult check_enforce_foreign_keys(Preflight* preflight);
CheckResult check_enforce_values(Preflight* preflight);
CheckResult check_old_transactions(Preflight* preflight);
CheckResult check_time_window(Preflight* preflight);

}  // namespace backfill
