#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"

/// What hangs on the columns that change their type, as the catalog describes it. SQL that the
/// server printed here was printed under an empty search_path, so that every name in it is
/// qualified and it means the same in any session.
namespace backfill {

/// One column on its way from one type to another, or back.
struct CarriedColumn {
  QualifiedName table;   ///< the schema always present
  std::string name;      ///< what the application calls it, before the switch and after
  std::string type;      ///< SQL; the type that it becomes
  std::string with;      ///< SQL expression of the new value, over the columns of the table
  std::string incoming;  ///< the column that is to take its name
  std::string parked;    ///< what the present column is called after the switch
  friend bool operator==(const CarriedColumn&, const CarriedColumn&) = default;
};

struct Grant {
  std::string grantee;  ///< quoted, or PUBLIC
  std::string privilege;
  bool grantable = false;
  friend bool operator==(const Grant&, const Grant&) = default;
};

/// The sequence of an identity column, or one that a column owns (`serial`).
struct OwnedSequence {
  std::string name;  ///< qualified and quoted
  bool identity = false;
  bool always = false;  ///< GENERATED ALWAYS, not BY DEFAULT
  std::string type;     ///< smallint, integer or bigint
  std::int64_t start = 1, increment = 1, minimum = 1, maximum = 1, cache = 1;
  bool cycle = false;
  bool minimum_of_type = false;  ///< the type's own, which follows the type
  bool maximum_of_type = false;
  std::optional<std::int64_t> last_value;
  std::optional<std::string> comment;
  std::vector<Grant> grants;
};

/// What belongs to the column itself.
struct ColumnFacts {
  QualifiedName table;
  std::string name;
  std::string present_type;
  std::string owner;  ///< of the table, quoted
  bool not_null = false;
  bool generated = false;
  bool assignable = false;  ///< a value of the present type may be assigned to the new one
  bool storable = false;    ///< the new type can be stored out of line
  bool cuts = false;        ///< the new type is a domain with a length: a cast cuts what is longer
  std::optional<std::string> type_problem;  ///< the server does not know the new type
  std::optional<std::string> default_sql;
  std::optional<std::string> collation;  ///< other than the type's own; qualified and quoted
  bool collatable = false;               ///< the new type has a collation
  std::vector<OwnedSequence> sequences;
  std::optional<std::string> comment;
  std::vector<Grant> grants;
  std::optional<int> statistics_target;
  std::optional<std::string> storage;      ///< other than the type's own
  std::optional<std::string> compression;  ///< pglz or lz4
  std::vector<std::string> options;        ///< name=value, e.g. n_distinct
  /// Of the incoming column, when it is there already.
  bool incoming_exists = false;
  bool incoming_has_default = false;
  /// Its settings, where they may have fallen behind those of the present one.
  std::vector<Grant> incoming_grants;
  std::optional<int> incoming_statistics_target;
  std::vector<std::string> incoming_options;
  std::vector<std::string> other_columns;  ///< of the table, neither dropped nor the incoming one
};

struct IndexFacts {
  QualifiedName table;
  std::string schema;
  std::string name;
  std::string definition;  ///< pg_get_indexdef
  std::string tablespace;  ///< empty: the database's
  bool unique = false;
  bool valid = false;
  bool clustered = false;
  bool replica_identity = false;
  std::optional<std::string> comment;
  std::vector<std::string> statistics;  ///< `2=500`: a column's number and its target
  /// Of a constraint that owns it.
  enum class Owner { none, primary_key, unique, exclusion };
  Owner owner = Owner::none;
  std::string constraint_name;
  std::optional<std::string> constraint_comment;
  bool deferrable = false;
  bool deferred = false;
};

struct CheckFacts {
  QualifiedName table;
  std::string name;
  std::string expression;  ///< as in CHECK (expression)
  bool validated = false;
  bool no_inherit = false;
  std::optional<std::string> comment;
};

struct ForeignKeyFacts {
  QualifiedName table;
  std::string name;
  std::vector<std::string> columns;
  QualifiedName references;
  std::vector<std::string> referenced;
  std::string match;      ///< `MATCH FULL`, or empty
  std::string on_update;  ///< `ON UPDATE CASCADE`, or empty
  std::string on_delete;
  std::vector<std::string> on_delete_columns;
  bool deferrable = false;
  bool deferred = false;
  bool validated = false;
  bool partitioned = false;  ///< either table is partitioned
  std::optional<std::string> comment;
};

/// What is made again from its text, which then binds to whatever bears the column's name.
struct RecreatedFacts {
  enum class Kind { trigger, rule, policy, function, publication };
  Kind kind = Kind::trigger;
  std::string object;  ///< as pg_describe_object prints it
  std::string name;
  QualifiedName table;     ///< not of functions
  std::string definition;  ///< pg_get_triggerdef and its kin; empty for policies and publications
  std::optional<std::string> condition;  ///< USING of a policy, WHERE of a publication
  std::optional<std::string> check;      ///< WITH CHECK of a policy
  std::vector<std::string> columns;      ///< of a publication; none: all
  char state = 'O';                      ///< of a trigger, as pg_trigger.tgenabled
  std::optional<std::string> comment;    ///< where the text does not keep it
  bool allowed = true;                   ///< our role may
};

/// A view or materialized view that reads the columns, directly or through others.
struct ViewFacts {
  QualifiedName name;
  bool materialized = false;
  int depth = 0;      ///< 1 reads a table; n reads a view of depth n - 1
  std::string query;  ///< without a semicolon
  std::vector<std::string> options;
  std::string owner;  ///< quoted
  bool allowed = true;
  std::optional<std::string> comment;
  bool default_grants = false;  ///< nobody has ever granted or revoked
  std::vector<Grant> grants;
  struct Column {
    std::string name;
    std::optional<std::string> comment;
    std::optional<std::string> default_sql;
    std::vector<Grant> grants;
  };
  std::vector<Column> columns;
  std::vector<RecreatedFacts> belongings;  ///< rules and triggers of the view itself
};

struct StatisticsFacts {
  QualifiedName table;
  QualifiedName name;
  std::string definition;  ///< pg_get_statisticsobjdef
  std::string owner;       ///< quoted
  std::optional<int> target;
  std::optional<std::string> comment;
};

/// Something that cannot be carried.
struct UncarriedFacts {
  std::string object;  ///< as pg_describe_object prints it
  std::string reason;
  std::string hint;
};

/// Something that the engine has built for the incoming columns.
struct BuiltFacts {
  enum class Kind { index, constraint, statistics };
  Kind kind = Kind::index;
  QualifiedName table;
  QualifiedName name;  ///< of a constraint with the schema of its table
  friend bool operator==(const BuiltFacts&, const BuiltFacts&) = default;
};

/// In front of the JSON object in such a comment.
inline constexpr std::string_view memory_comment = "backfill remembers for the way back: ";

struct Dependants {
  std::vector<ColumnFacts> columns;
  std::vector<IndexFacts> indexes;
  std::vector<CheckFacts> checks;
  std::vector<ForeignKeyFacts> foreign_keys;
  std::vector<ViewFacts> views;
  std::vector<RecreatedFacts> recreated;
  std::vector<StatisticsFacts> statistics;
  std::vector<UncarriedFacts> uncarried;
  /// What the last switch left in the comment of a column that is incoming now: SQL by object.
  std::map<std::string, std::string> memory;
  std::vector<BuiltFacts> built;
  /// `dependants_print_sql` of the columns, and its answer from before all of this was read.
  std::string print_sql;
  std::string print;
};

}  // namespace backfill
