#pragma once

#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "backfill/error.hpp"

namespace backfill {

/// Either a value or the `Error` that stands in its place (C++20 has no std::expected).
/// Reading the one that is not there ends the process: that is a bug, not a failure.
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_same_v<T, Error>, "a Result<Error> could not be told apart");

 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & { return *checked(std::get_if<0>(&state_)); }
  [[nodiscard]] const T& value() const& { return *checked(std::get_if<0>(&state_)); }
  [[nodiscard]] T&& value() && { return std::move(*checked(std::get_if<0>(&state_))); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

  [[nodiscard]] Error& error() & { return *checked(std::get_if<1>(&state_)); }
  [[nodiscard]] const Error& error() const& { return *checked(std::get_if<1>(&state_)); }
  [[nodiscard]] Error&& error() && { return std::move(*checked(std::get_if<1>(&state_))); }

 private:
  template <class P>
  static P* checked(P* pointer) {
    if (pointer == nullptr) std::abort();
    return pointer;
  }

  std::variant<T, Error> state_;
};

/// A result with nothing to say on success.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] Error& error() & { return checked(); }
  [[nodiscard]] const Error& error() const& { return const_cast<Result*>(this)->checked(); }
  [[nodiscard]] Error&& error() && { return std::move(checked()); }

 private:
  Error& checked() {
    if (!error_) std::abort();
    return *error_;
  }

  std::optional<Error> error_;
};

}  // namespace backfill
