#pragma once

#include <string>
#include <string_view>

#include "backfill/job.hpp"
#include "backfill/key.hpp"
#include "core/target.hpp"

/// The one place where SQL text is put together from names. Values are always parameters.
namespace backfill {

/// `users` -> `"users"`, `a"b` -> `"a""b"`. Always quotes: keywords and case need no list.
[[nodiscard]] std::string quote_identifier(std::string_view name);

/// `"public"."users"`.
[[nodiscard]] std::string quote_name(const QualifiedName& name);

/// A quoted SQL string literal, for the few statements (DDL, COMMENT) that take no parameters.
[[nodiscard]] std::string quote_literal(std::string_view text);

/// Which ends of a key range are present: a statement's text depends on these two alone.
struct BoundShape {
  bool after = false;
  bool through = false;
  bool exactly = false;  ///< with `through` alone: its key, and no other
  friend bool operator==(const BoundShape&, const BoundShape&) = default;
};

[[nodiscard]] BoundShape shape_of(const KeyRange& range);

/// `("t"."a", "t"."b") > ($1::int4, $2::text) AND ("t"."a", "t"."b") <= ($3::int4, $4::text)`, or
/// `TRUE` with neither end. Parameters: the key columns of `after`, then those of `through`.
/// With one column no row constructor is written. A descending index is walked from its end, so
/// the comparison is the same.
[[nodiscard]] std::string key_predicate(const Target& target, BoundShape shape,
                                        int first_param = 1);

/// Whether a row belongs to a stripe: `(hash of the key & $n::bigint) = $n+1::bigint`, with the
/// number of stripes less one and the stripe's number as parameters. Every column of the key must
/// have a hash function.
[[nodiscard]] std::string stripe_predicate(const Target& target, int first_param);

/// How many parameters `key_predicate` takes.
[[nodiscard]] int bound_count(const Target& target, BoundShape shape);

/// The values that `key_predicate` takes, in its order.
[[nodiscard]] std::vector<std::string> bound_values(const KeyRange& range);

/// Finds boundaries ahead of the batches: every `every`-th key of the first `limit` keys in the
/// range, in key order, with its number, and the last of these keys in any case; so no row, or a
/// number below `limit` in the last one, says that the range holds no more keys.
/// Columns: one text per key column, then the number (from 1) of the key as bigint.
/// Parameters: the bounds, then `every` and `limit` (bigint, at least 1). Index scans only, and
/// bounded; the keys are never sorted. To hold the planner to that where most pages are not
/// all-visible, run it under enable_seqscan, enable_bitmapscan and jit off: a bitmap scan with a
/// sort was seen once in 48 plans without, and compiling took 130 ms of a probe of 5.
[[nodiscard]] std::string probe_statement(const Target& target, BoundShape shape);

}  // namespace backfill
