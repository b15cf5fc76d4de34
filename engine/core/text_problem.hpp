#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

namespace backfill {

/// What is wrong with a piece of text that a person wrote, and where in it. The message is part of
/// a sentence (lower case, no full stop) and never repeats the text: it may hold a secret.
struct TextProblem {
  std::size_t offset = 0;  ///< bytes from the beginning of the text
  std::string message;

  friend bool operator==(const TextProblem&, const TextProblem&) = default;
};

/// What was read, or the problem that stands in its place.
template <class T>
class [[nodiscard]] Parsed {
 public:
  Parsed(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Parsed(TextProblem problem) : state_(std::in_place_index<1>, std::move(problem)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Reading the one that is not there throws std::bad_variant_access: a bug, not a failure.
  [[nodiscard]] const T& value() const { return std::get<0>(state_); }
  [[nodiscard]] const T& operator*() const { return value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }
  [[nodiscard]] const TextProblem& problem() const { return std::get<1>(state_); }

 private:
  std::variant<T, TextProblem> state_;
};

}  // namespace backfill
