#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backfill/qualified_name.hpp"

/// `enforce:`: what is to hold of the table once its rows are proven, a step each. Names of columns
/// are unquoted, expressions are SQL; an absent name is the one that PostgreSQL would choose.
namespace backfill {

/// `not_null: email`
struct EnforceNotNull {
  std::string column;
  friend bool operator==(const EnforceNotNull&, const EnforceNotNull&) = default;
};

/// `unique: [tenant, email]`: a constraint, and the index behind it.
struct EnforceUnique {
  std::vector<std::string> columns;
  std::optional<std::string> name;
  friend bool operator==(const EnforceUnique&, const EnforceUnique&) = default;
};

/// `check: length(email) > 3`
struct EnforceCheck {
  std::string expression;
  std::optional<std::string> name;
  friend bool operator==(const EnforceCheck&, const EnforceCheck&) = default;
};

/// What becomes of rows that refer to nothing.
enum class Orphans { refuse, remove, set_null };

/// `foreign_key: plan_id`, `references: plans (id)`
struct EnforceForeignKey {
  std::vector<std::string> columns;
  QualifiedName references;
  std::vector<std::string> referenced;  ///< as many as `columns`
  std::string on_delete;                ///< SQL, e.g. `CASCADE`; empty: NO ACTION
  Orphans orphans = Orphans::refuse;
  std::optional<std::string> name;
  friend bool operator==(const EnforceForeignKey&, const EnforceForeignKey&) = default;
};

/// `index: [tenant, lower(email)]`
struct EnforceIndex {
  /// A column, unquoted, or SQL as CREATE INDEX takes it.
  struct Element {
    std::string text;
    bool is_column = true;
    friend bool operator==(const Element&, const Element&) = default;
  };
  std::vector<Element> elements;
  std::optional<std::string> method;  ///< `using: gin`
  std::optional<std::string> where;   ///< SQL: a partial index
  std::optional<std::string> name;    ///< always there when an element is no column
  friend bool operator==(const EnforceIndex&, const EnforceIndex&) = default;
};

/// `default: {status: "'new'"}`: for rows to come.
struct EnforceDefault {
  std::string column;
  std::string expression;
  friend bool operator==(const EnforceDefault&, const EnforceDefault&) = default;
};

using EnforceStep = std::variant<EnforceNotNull, EnforceUnique, EnforceCheck, EnforceForeignKey,
                                 EnforceIndex, EnforceDefault>;

}  // namespace backfill
