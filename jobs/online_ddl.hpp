#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/qualified_name.hpp"
#include "core/object_name.hpp"

/// DDL that lets an application work on: one function a statement, each with the locks that it
/// takes (PostgreSQL manual, 13.3.1 and the pages of ALTER TABLE and CREATE INDEX). Names are
/// unquoted; what is called SQL stands as it is.
namespace backfill {

/// How a statement waits and what it may stand beside.
enum class DdlShape {
  instant,     ///< over as soon as it has its lock; may share a transaction with others
  scan,        ///< reads the whole table, under a lock that lets reads and writes pass
  concurrent,  ///< the same, and waits for other transactions to end; must stand alone
};

struct OnlineDdl {
  std::string sql;
  DdlShape shape = DdlShape::instant;
  std::string lock;  ///< for `plan`: the strongest lock, on what, and for how long
  /// The index that an interrupted CREATE INDEX CONCURRENTLY leaves behind, invalid.
  std::optional<QualifiedName> leaves_behind;

  friend bool operator==(const OnlineDdl&, const OnlineDdl&) = default;
};

/// Which of the table's constraints are concerned; the locks differ.
enum class ConstraintType { check, foreign_key };

/// `definition` is SQL, as `check_definition` and `foreign_key_definition` give it. Existing rows
/// are not looked at, new ones are held to it at once.
[[nodiscard]] OnlineDdl add_constraint_not_valid(const QualifiedName& table, std::string_view name,
                                                 ConstraintType type, std::string_view definition);
/// Reads the table, and holds it to the constraint from then on.
[[nodiscard]] OnlineDdl validate_constraint(const QualifiedName& table, std::string_view name,
                                            ConstraintType type);
[[nodiscard]] OnlineDdl drop_constraint(const QualifiedName& table, std::string_view name,
                                        ConstraintType type);

/// `expression` is SQL and may end in a comment.
[[nodiscard]] std::string check_definition(std::string_view expression);
/// The CHECK by which SET NOT NULL knows that it need not read the table (12 and later).
[[nodiscard]] std::string not_null_definition(std::string_view column);

struct ForeignKeyText {
  std::vector<std::string> columns;
  QualifiedName references;
  std::vector<std::string> referenced;
  std::string actions;  ///< SQL behind it, e.g. `ON DELETE CASCADE DEFERRABLE`; may be empty
};
[[nodiscard]] std::string foreign_key_definition(const ForeignKeyText& key);

struct OnlineIndex {
  QualifiedName table;
  std::string name;  ///< in the table's schema
  bool unique = false;
  std::string definition;  ///< SQL behind the table's name: `("email")`, `USING gin ("tags")`
};
/// `("a", "b")`.
[[nodiscard]] std::string index_columns(const std::vector<std::string>& columns);
[[nodiscard]] OnlineDdl create_index_concurrently(const OnlineIndex& index);
/// Also removes what an interrupted build has left.
[[nodiscard]] OnlineDdl drop_index_concurrently(const QualifiedName& index);

enum class KeyType { unique, primary };
/// The index becomes the constraint's own and takes its name. A primary key's columns must be NOT
/// NULL already, or the table is read under the lock.
[[nodiscard]] OnlineDdl add_constraint_using_index(const QualifiedName& table,
                                                   std::string_view name, KeyType type,
                                                   std::string_view index);
/// Drops the index with it.
[[nodiscard]] OnlineDdl drop_key_constraint(const QualifiedName& table, std::string_view name);

/// Instant only where a validated CHECK (column IS NOT NULL) stands.
[[nodiscard]] OnlineDdl set_not_null(const QualifiedName& table, std::string_view column);
[[nodiscard]] OnlineDdl drop_not_null(const QualifiedName& table, std::string_view column);

/// For rows to come; those that are there keep what they hold.
[[nodiscard]] OnlineDdl set_default(const QualifiedName& table, std::string_view column,
                                    std::string_view expression);
[[nodiscard]] OnlineDdl drop_default(const QualifiedName& table, std::string_view column);
[[nodiscard]] OnlineDdl drop_column(const QualifiedName& table, std::string_view column);

}  // namespace backfill
