#pragma once

#include <compare>
#include <cstdint>

namespace backfill {

/// A whole number with a meaning: counts of different things do not add up by accident.
template <class Tag>
struct Quantity {
  std::int64_t value = 0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(std::int64_t count) : value(count) {}

  constexpr Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value -= other.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;
};

using RowCount = Quantity<struct RowCountTag>;
using ByteCount = Quantity<struct ByteCountTag>;

/// The fencing token of a lease: grows by one whenever another runner takes the job over.
using Epoch = Quantity<struct EpochTag>;

/// A job's identity in `backfill.jobs`.
using JobId = Quantity<struct JobIdTag>;

}  // namespace backfill
