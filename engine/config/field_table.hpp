#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/job.hpp"
#include "config/field.hpp"

/// A second kind is one more file of fields and one more row in `job_kinds`; a new section is only
/// fields whose paths begin with its name.
namespace backfill::config {

/// The fields of every job: identity, database, key, pace, throttle, safety.
[[nodiscard]] std::span<const Field> common_fields();

/// The fields of `kind: backfill` alone.
[[nodiscard]] std::span<const Field> backfill_fields();

/// The fields of `kind: type-copy` alone.
[[nodiscard]] std::span<const Field> type_copy_fields();

struct KindEntry {
  std::string_view word;  ///< as it stands behind `kind:`
  JobKind kind;
  std::span<const Field> fields;
};

[[nodiscard]] std::span<const KindEntry> job_kinds();

/// The words that `kind:` takes, in the order of `job_kinds`.
[[nodiscard]] std::span<const std::string_view> kind_words();

/// All keys of one kind of job.
class FieldTable {
 public:
  /// Without a kind (its word was not known): the common fields alone.
  explicit FieldTable(std::optional<JobKind> kind);

  [[nodiscard]] std::span<const Field* const> fields() const { return fields_; }
  [[nodiscard]] const Field* find(std::string_view path) const;
  [[nodiscard]] bool is_section(std::string_view path) const;

  /// The keys that may stand in a section, in the table's order; "" is the top of the file.
  [[nodiscard]] std::vector<std::string_view> keys_of(std::string_view section) const;

  /// The section or field that has this key as its last word, if exactly one path does.
  [[nodiscard]] std::optional<std::string> path_ending_in(std::string_view key) const;

 private:
  std::vector<const Field*> fields_;
};

/// "pace" and "batch" make "pace.batch"; "" and "pace" make "pace".
[[nodiscard]] std::string join_path(std::string_view section, std::string_view key);

}  // namespace backfill::config
