#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"

/// Changes in SQL that the server has printed (ruleutils.c), where names of columns are in the form
/// of `quote_ident` and keywords of its own are in upper case. What holds for such text does not
/// hold for what people write.
namespace backfill {

/// Column names, old to new.
using ColumnNames = std::map<std::string, std::string, std::less<>>;

/// The expression over the columns' new names. Only references to columns change: not functions,
/// types (`'x'::status`), collations, fields (`(c).status`), names of arguments, or what an
/// EXTRACT extracts. The expression is one over a single table, where the server qualifies nothing.
[[nodiscard]] std::string rename_columns(std::string_view expression, const ColumnNames& names);

/// The same for a text with `old.` and `new.` before the columns, as the condition of a trigger.
[[nodiscard]] std::string rename_row_columns(std::string_view condition, const ColumnNames& names);

/// Puts `source` in place of each mention of the table as a FROM item; under its own name where the
/// text gives it no alias.
[[nodiscard]] std::string replace_relation(std::string_view query, const QualifiedName& relation,
                                           std::string_view source);

/// What pg_get_indexdef prints, in its parts.
struct IndexText {
  bool unique = false;
  std::string method;
  struct Key {
    std::string expression;
    std::string order;           ///< all behind it: COLLATE, operator class, DESC, …
    std::string operator_class;  ///< as in `order`, empty: the type's own
  };
  std::vector<Key> keys;
  std::vector<std::string> include;
  bool nulls_not_distinct = false;
  std::string options;    ///< `WITH (fillfactor='70')`, or empty
  std::string predicate;  ///< behind WHERE, or empty
};

/// Absent for a text of another shape.
[[nodiscard]] std::optional<IndexText> read_index_text(std::string_view definition);

/// What stands behind the table's name in CREATE INDEX, over the columns' new names.
[[nodiscard]] std::string index_body(const IndexText& index, std::string_view tablespace,
                                     const ColumnNames& names);

/// `CREATE STATISTICS s (kinds) ON a, (b + 1) FROM t`: what stands between ON and FROM, over the
/// new names, and the kinds (with brackets, or empty).
struct StatisticsText {
  std::string kinds;
  std::string columns;
};
[[nodiscard]] std::optional<StatisticsText> read_statistics_text(std::string_view definition,
                                                                 const ColumnNames& names);

/// The string of a default such as `'x'::character varying`, with its quotes; absent for others.
[[nodiscard]] std::optional<std::string> string_constant(std::string_view default_sql);

/// Whether it calls a function, as `nextval('s'::regclass)` does.
[[nodiscard]] bool calls_function(std::string_view default_sql);

}  // namespace backfill
