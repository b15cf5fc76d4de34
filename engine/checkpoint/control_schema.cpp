#include "checkpoint/control_schema.hpp"

#include <utility>

#include <fmt/core.h>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"

namespace backfill {
namespace {

using pg::asio::awaitable;

struct Found {
  bool schema = false;         ///< a schema of the name exists
  bool anything = false;       ///< it holds relations
  std::optional<int> version;  ///< it is ours
};

/// Asks in two steps, since a statement that names a missing table fails as a whole.
awaitable<Result<Found>> look(pg::Connection* connection) {
  std::string sql =
      "SELECT n.oid IS NOT NULL, EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = "
      "n.oid), pg_catalog.to_regclass('backfill.schema_version') IS NOT NULL FROM (VALUES (1)) AS "
      "one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'backfill'";
  std::vector<pg::Param> none;
  auto looked = co_await connection->query(std::move(sql), std::move(none), control_deadline);
  if (!looked) co_return Result<Found>{std::move(looked.error())};
  Found found;
  const pg::Row row = looked->values.at(0);
  found.schema = pg::bool_field(row, 0);
  found.anything = pg::bool_field(row, 1);
  if (!pg::bool_field(row, 2)) co_return Result<Found>{std::move(found)};

  std::string ask = "SELECT coalesce(pg_catalog.max(version), 0) FROM backfill.schema_version";
  std::vector<pg::Param> nothing;
  auto version = co_await connection->query(std::move(ask), std::move(nothing), control_deadline);
  if (!version) co_return Result<Found>{std::move(version.error())};
  found.version = static_cast<int>(pg::integer_field(version->values.at(0), 0));
  co_return Result<Found>{std::move(found)};
}

/// What keeps us from using what was found, if anything does.
std::optional<Error> objection(const Found& found) {
  if (found.version && *found.version > control_schema_version()) {
    return fatal_error(
        fmt::format("the control schema \"backfill\" has version {}, this tool knows versions up "
                    "to {}",
                    *found.version, control_schema_version()),
        "Use the newer version of the tool that has migrated it.");
  }
  if (!found.version && found.anything) {
    return fatal_error(
        "a schema \"backfill\" exists in this database, and it is not this tool's",
        "The control schema needs this name: rename the other schema, or use another database.");
  }
  return std::nullopt;
}

std::string installation(const Found& found) {
  std::string script = "SET LOCAL search_path = pg_catalog;\n";
  if (!found.schema) script += "CREATE SCHEMA backfill;\n";
  for (const Migration& migration : control_schema_migrations()) {
    if (migration.version <= found.version.value_or(0)) continue;
    for (const std::string_view part : migration.scripts) script += part;
    script += fmt::format("INSERT INTO backfill.schema_version (version) VALUES ({});\n",
                          migration.version);
  }
  return script;
}

/// The advisory lock's number: "backfill" in ASCII. It is held until the transaction ends, so a
/// second installer looks again only when the first has committed.
constexpr std::string_view take_turn =
    "BEGIN; SET LOCAL lock_timeout = '15s'; SET LOCAL client_min_messages = 'warning'; "
    "SELECT pg_catalog.pg_advisory_xact_lock(7089054359331365996);";

awaitable<Result<void>> install_in_turn(pg::Connection* connection) {
  const auto found = co_await look(connection);
  if (!found) co_return Result<void>{found.error()};
  std::optional<Error> refused = objection(*found);
  if (refused) co_return Result<void>{std::move(*refused)};
  if (found->version == control_schema_version()) co_return Result<void>{};
  std::string script = installation(*found);
  co_return co_await connection->script(std::move(script), control_deadline);
}

}  // namespace

namespace {

/// The server would quote our statement to somebody who only lacks a GRANT.
Error in_our_words(Error error) {
  constexpr std::string_view insufficient_privilege = "42501";
  if (error.sqlstate != insufficient_privilege) return error;
  error.message = "this role may not read the control schema: " + error.message;
  error.hint =
      "GRANT USAGE ON SCHEMA backfill and SELECT ON ALL TABLES IN SCHEMA backfill to it; to run "
      "jobs "
      "it needs INSERT, UPDATE and DELETE, too.";
  error.context.clear();
  return error;
}

}  // namespace

awaitable<Result<std::optional<int>>> read_control_schema_version(pg::Connection* connection) {
  const auto found = co_await look(connection);
  if (!found) co_return Result<std::optional<int>>{in_our_words(found.error())};
  std::optional<Error> refused = objection(*found);
  if (refused) co_return Result<std::optional<int>>{std::move(*refused)};
  co_return Result<std::optional<int>>{found->version};
}

awaitable<Result<void>> install_control_schema(pg::Connection* connection) {
  // The usual case takes no lock: the schema is there.
  const auto found = co_await read_control_schema_version(connection);
  if (!found) co_return Result<void>{found.error()};
  if (*found == control_schema_version()) co_return Result<void>{};

  std::string begin{take_turn};
  auto began = co_await connection->script(std::move(begin), control_deadline);
  auto installed = std::move(began);
  if (installed) installed = co_await install_in_turn(connection);
  if (!connection->usable()) co_return installed;
  std::string end = installed ? "COMMIT" : "ROLLBACK";
  auto ended = co_await connection->script(std::move(end), control_deadline);
  if (!installed) {
    installed.error().context = "creating the control schema \"backfill\"";
    co_return installed;
  }
  co_return ended;
}

}  // namespace backfill
