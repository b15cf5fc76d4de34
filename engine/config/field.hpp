#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "backfill/job.hpp"
#include "config/yaml_document.hpp"
#include "core/text_problem.hpp"

/// A key of a job file: where it stands, what it takes, what it means. One table of these drives
/// the reader, the suggestions for unknown keys, live settings and the documentation.
namespace backfill::config {

class FieldReader;

/// Absent for `null`, which only a nullable field takes.
struct WholeNumber {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool nullable = false;
  void (*store)(Job&, std::optional<std::int64_t>) = nullptr;
};

struct Decimal {
  void (*store)(Job&, double) = nullptr;
};

/// Absent for `word` ("auto"), when the field has one.
struct TimeSpan {
  std::chrono::milliseconds low{};
  std::chrono::milliseconds high{};
  std::string_view word;
  void (*store)(Job&, std::optional<std::chrono::milliseconds>) = nullptr;
};

/// One of a few words; stores its index.
struct Choice {
  std::span<const std::string_view> words;
  void (*store)(Job&, std::size_t) = nullptr;
};

/// Any scalar, read (and refused) by `store`.
struct Text {
  std::string_view wants;
  std::optional<TextProblem> (*store)(Job&, std::string_view) = nullptr;
};

/// One scalar or a list of them; `append` is called for each in turn after `clear`.
struct TextList {
  std::string_view wants;
  void (*clear)(Job&) = nullptr;
  std::optional<TextProblem> (*append)(Job&, std::string_view) = nullptr;
};

/// A field with a form of its own, or else `word`, when it has one.
struct Structure {
  std::string_view wants;
  Node::Shape shape = Node::Shape::mapping;
  void (*read)(FieldReader&, const Node&) = nullptr;
  std::string_view word = {};
  void (*choose_word)(Job&) = nullptr;
};

using FieldType = std::variant<WholeNumber, Decimal, TimeSpan, Choice, Text, TextList, Structure>;

struct Field {
  std::string_view path;  ///< "pace.batch.min_rows"; what stands before the last dot is its section
  std::string_view meaning;  ///< a sentence for the documentation
  FieldType type;
  bool required = false;  ///< whenever its section is there
};

/// "a whole number from 1 to 64", "auto or a duration from 1ms to 1m", "fire or bypass": for
/// messages and for the documentation.
[[nodiscard]] std::string describe(const FieldType& type);

}  // namespace backfill::config
