#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backfill/units.hpp"

namespace backfill {

/// One column of the key that a job walks along.
struct KeyColumn {
  std::string name;  ///< unquoted
  std::string type;  ///< as `format_type` prints it, ready to stand after `::`
  /// The extended hash function of its type, qualified and quoted; empty when it has none.
  std::string hash = {};

  friend bool operator==(const KeyColumn&, const KeyColumn&) = default;
};

/// A total order over a table's rows: a unique btree index over columns that are NOT NULL.
struct Key {
  std::vector<KeyColumn> columns;
  std::string
      index;  ///< schema-qualified and quoted; empty when a partitioned parent has none of its own
  bool descending = false;  ///< the index stores all of its columns DESC

  friend bool operator==(const Key&, const Key&) = default;
};

/// Whether the rows can be told apart by a hash of their keys.
[[nodiscard]] bool hashable(const Key& key);

/// A position in the key: one text form per key column, as the server printed it. Positions are
/// compared by the server alone; here only equality has a meaning.
using KeyValue = std::vector<std::string>;

/// The rows with `after < key <= through`; an absent end is open.
struct KeyRange {
  std::optional<KeyValue> after;
  std::optional<KeyValue> through;

  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

/// "(10, 20]", "(…, 20]", "((1, a), …]": for messages.
[[nodiscard]] std::string to_string(const KeyRange& range);
[[nodiscard]] std::string to_string(const KeyValue& value);

/// The same, but "key 20" or "key (7, abc)" when the range holds that one key only.
[[nodiscard]] std::string to_string(const KeyRange& range, RowCount keys);

}  // namespace backfill
