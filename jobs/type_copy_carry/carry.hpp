#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/deparsed_sql.hpp"
#include "jobs/type_copy_carry.hpp"

namespace backfill {

/// A plan in the making. One file per kind of dependant adds its parts; `plan_carry` calls them in
/// the order in which the server must see the statements.
class Carry {
 public:
  Carry(const std::vector<CarriedColumn>& columns, const Dependants& dependants,
        CarryDirection direction);

  void refuse();
  void prepare_columns();
  void build_indexes();
  void build_not_null();
  void build_checks();
  void build_foreign_keys();
  void build_statistics();
  void analyze();
  void clear_leftovers();

  void lock_views();
  void list_locks();
  void check_unchanged();
  void drop_views();
  void follow_settings();
  void drop_triggers();
  void drop_foreign_keys();
  void drop_keys();
  void drop_checks();
  void drop_statistics();

  void take_not_null();
  void take_indexes();
  void take_keys();
  void take_constraints();
  void take_defaults();
  void take_sequences();
  void take_statistics();
  void take_comments();
  void take_marks();
  void recreate();
  void create_views();
  void write_memory();

  void try_columns();
  void try_indexes();
  void try_constraints();
  void try_recreated();
  void try_views();

  [[nodiscard]] CarryPlan finish() { return std::move(plan_); }

 private:
  [[nodiscard]] bool forward() const { return direction_ == CarryDirection::forward; }
  [[nodiscard]] std::string incoming(std::string_view name) const;
  [[nodiscard]] std::string parked(std::string_view name) const;
  /// The incoming names of a table's columns.
  [[nodiscard]] ColumnNames names(const QualifiedName& table) const;
  [[nodiscard]] std::string not_null_name(const CarriedColumn& column) const;
  /// The text of before the first switch where one is remembered; on the way there it is noted.
  std::string text(std::string_view kind, std::string_view object, const std::string& now);
  [[nodiscard]] std::string new_default(const CarriedColumn& column, const ColumnFacts& facts);
  /// The table as it will be: a FROM item without an alias.
  [[nodiscard]] std::string scope(const QualifiedName& table) const;
  [[nodiscard]] std::string aliased_scope(const QualifiedName& table) const;

  void refuse_columns();
  void refuse_indexes();
  void refuse_recreated();
  void step(std::string what, OnlineDdl ddl, std::string done_when, std::string undo);
  void build_index(const IndexFacts& index);
  void build_key(const ForeignKeyFacts& key);
  void carry_identity(const CarriedColumn& column, const ColumnFacts& facts,
                      const OwnedSequence& sequence);
  void carry_owned(const CarriedColumn& column, const ColumnFacts& facts,
                   const OwnedSequence& sequence);
  void create_view(const ViewFacts& view);
  void recreate_one(const RecreatedFacts& facts);
  void try_operator_class(const IndexFacts& index, const IndexText& text,
                          const IndexText::Key& key);
  void before(std::string sql) { plan_.in_switch.before_rename.push_back(std::move(sql)); }
  void after(std::string sql) { plan_.in_switch.after_rename.push_back(std::move(sql)); }
  void carried(std::string line) { plan_.carried.push_back(std::move(line)); }

  const std::vector<CarriedColumn>& columns_;
  const Dependants& found_;
  CarryDirection direction_;
  std::map<std::string, std::string> memory_;
  std::vector<BuiltFacts> planned_;  ///< what the steps build
  CarryPlan plan_;
};

/// `schema.name` as a person writes it, for messages and as a key of the memory.
[[nodiscard]] std::string said(const QualifiedName& name);
/// `schema.table.part`.
[[nodiscard]] std::string said_part(const QualifiedName& table, std::string_view part);
[[nodiscard]] QualifiedName beside(const QualifiedName& table, std::string_view name);
[[nodiscard]] std::string alter_table(const QualifiedName& table, std::string_view action);
[[nodiscard]] std::string alter_column(const QualifiedName& table, std::string_view column,
                                       std::string_view action);
/// COMMENT ON `object` (SQL); none removes it.
[[nodiscard]] std::string comment_on(std::string_view object,
                                     const std::optional<std::string>& comment);
[[nodiscard]] std::string list_of(const std::vector<std::string>& parts);
/// `"a", "b"`.
[[nodiscard]] std::string column_list(const std::vector<std::string>& columns);
/// GRANTs on `object` (SQL, `TABLE "s"."t"`); with a column, of that one.
[[nodiscard]] std::vector<std::string> grants_on(std::string_view object, std::string_view column,
                                                 const std::vector<Grant>& grants);
/// Takes back what ALTER DEFAULT PRIVILEGES has granted on a relation just made: from all but its
/// owner.
[[nodiscard]] std::string revoke_defaults(std::string_view kind, std::string_view relation);
/// The canonical name of an integer type; absent for others.
[[nodiscard]] std::optional<std::string> integer_type(std::string_view type);
/// As json_build_object would print it.
[[nodiscard]] std::string json_object(const std::map<std::string, std::string>& texts);

}  // namespace backfill
