#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/work.hpp"
#include "sim/dice.hpp"

namespace backfill::sim {

/// Keys are whole numbers written with a fixed width, so that their text sorts as they do; the
/// engine is never told. Some worlds split them into two columns.
class KeyText {
 public:
  explicit KeyText(bool composite) : composite_(composite) {}
  [[nodiscard]] KeyValue text(std::int64_t key) const;
  [[nodiscard]] static std::int64_t number(const KeyValue& key);

 private:
  bool composite_;
};

struct Row {
  bool original = false;    ///< was there when the sweep began
  bool differs = false;     ///< what a verify sweep counts and a repair sweep changes
  int visits = 0;           ///< by committed batches
  int n = 0;                ///< the column that a batch increments: not idempotent
  bool poison = false;      ///< fails for its own reason
  int named = 0;            ///< in quarantine, by committed transactions
  Instant locked_until{};   ///< by another session
  std::uint64_t batch = 0;  ///< the transaction that holds it; 0: none
};

/// The rows, and the ways in which a live writer changes them.
class Table {
 public:
  static constexpr std::int64_t greatest_key = 999'999;

  Table(Dice& dice, KeyText keys);

  [[nodiscard]] std::map<std::int64_t, Row>& rows() { return rows_; }
  [[nodiscard]] const std::map<std::int64_t, Row>& rows() const { return rows_; }
  [[nodiscard]] const KeyText& keys() const { return keys_; }

  /// The keys of `within`, in order, at most `limit`.
  [[nodiscard]] std::vector<std::int64_t> keys_in(const KeyRange& within, std::size_t limit) const;
  [[nodiscard]] ProbeResult probe(const Probe& probe) const;

  /// By a hash that spreads neighbours, as the server's would.
  [[nodiscard]] static bool in_stripe(const Stripe& stripe, std::int64_t key);

  [[nodiscard]] static bool holds(const KeyRange& range, std::int64_t key);

  /// One act of the live writer.
  struct Written {
    std::optional<std::uint64_t> waits_for;  ///< the transaction that is in its way
    std::optional<std::int64_t> key;         ///< of the row that came or went
    std::optional<Row> before;               ///< that row; absent: it has come
  };
  Written write(Dice& dice, Instant now);

  /// Rows that fail from now on: one, or some neighbours.
  std::vector<std::int64_t> poison(Dice& dice, std::int64_t rows);
  void heal();

 private:
  std::map<std::int64_t, Row> rows_;
  KeyText keys_;
};

}  // namespace backfill::sim
