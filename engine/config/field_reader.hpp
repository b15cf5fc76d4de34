#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/field.hpp"
#include "config/field_table.hpp"
#include "config/source_text.hpp"
#include "config/yaml_document.hpp"

namespace backfill::config {

/// Reads the values of fields into a job, and reports whatever does not fit, at its place.
class FieldReader {
 public:
  FieldReader(Job& job, const SourceText& source, std::vector<PlacedProblem>& problems)
      : job_(job), source_(source), problems_(problems) {}

  void read(const Field& field, const Node& node);

  [[nodiscard]] Job& job() { return job_; }

  void report(Position position, std::string message);

  /// At byte `offset` of a scalar's value.
  void report_in(const Node& scalar, std::size_t offset, std::string message);

  /// The text of a scalar; absent, and reported as what `label` must be, for anything else. Numbers
  /// and booleans are their own text; null and nothing are empty, whoever meant them.
  [[nodiscard]] std::optional<std::string_view> text(std::string_view label, std::string_view wants,
                                                     const Node& node);

 private:
  void read_as(const WholeNumber& type, const Field& field, const Node& node);
  void read_as(const Decimal& type, const Field& field, const Node& node);
  void read_as(const TimeSpan& type, const Field& field, const Node& node);
  void read_as(const Choice& type, const Field& field, const Node& node);
  void read_as(const Text& type, const Field& field, const Node& node);
  void read_as(const TextList& type, const Field& field, const Node& node);
  void read_as(const Structure& type, const Field& field, const Node& node);

  void refuse(const Field& field, const Node& node, std::string_view more = {});

  Job& job_;
  const SourceText& source_;
  std::vector<PlacedProblem>& problems_;
};

/// What a value is, for "must be …, not …": `the text "4"`, `0`, `a list`. Never what a variable
/// holds.
[[nodiscard]] std::string shown(const Node& node);

/// `null` in any of YAML 1.2's spellings, or nothing at all.
[[nodiscard]] bool is_null(const Node& node);

}  // namespace backfill::config
