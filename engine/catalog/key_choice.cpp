#include "catalog/key_choice.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace backfill {

namespace {

Key key_of(const IndexCandidate& index) {
  Key key;
  key.index = index.name;
  key.descending = index.descending.front();
  for (std::size_t i = 0; i < index.columns.size(); ++i) {
    key.columns.push_back({index.columns[i], index.types[i]});
  }
  return key;
}

/// Smaller is better.
auto rank(const IndexCandidate& index) {
  std::int64_t width = 0;
  for (const std::int64_t bytes : index.widths) width += bytes < 0 ? 1'000 : bytes;
  return std::make_tuple(!index.primary, index.columns.size(), width, index.name);
}

bool same_columns(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

std::string describe_all(const std::vector<IndexCandidate>& indexes) {
  if (indexes.empty()) return "it has no unique index";
  std::vector<std::string> lines;
  for (const IndexCandidate& index : indexes) {
    const std::string reason = unusable_because(index);
    lines.push_back(fmt::format("{} ({}) {}", index.name, fmt::join(index.columns, ", "),
                                reason.empty() ? "would do" : reason));
  }
  return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace

std::string unusable_because(const IndexCandidate& index) {
  if (!index.btree) return "is not a btree";
  if (!index.valid) return "is not valid (its build failed or still runs)";
  if (index.partial) return "covers only some of the rows";
  if (index.expressions) return "is over an expression";
  if (!index.all_not_null) return "has a column that may be NULL";
  if (!index.immediate) return "is deferrable";
  if (index.own_order) return "orders its columns by another operator class or collation";
  const bool mixed = std::ranges::adjacent_find(index.descending, std::ranges::not_equal_to{}) !=
                     index.descending.end();
  if (index.columns.empty() || mixed) return "mixes ascending and descending columns";
  return {};
}

Result<Key> choose_key(const std::vector<IndexCandidate>& indexes,
                       const std::vector<std::string>& wanted) {
  std::vector<const IndexCandidate*> usable;
  for (const IndexCandidate& index : indexes) {
    if (!wanted.empty() && !same_columns(index.columns, wanted)) continue;
    if (unusable_because(index).empty()) usable.push_back(&index);
  }
  if (!usable.empty()) {
    return key_of(**std::ranges::min_element(
        usable, {}, [](const IndexCandidate* index) { return rank(*index); }));
  }
  Error error;
  error.kind = ErrorClass::fatal;
  error.message = wanted.empty()
                      ? "the table has no key to walk along"
                      : fmt::format("no unique index over ({}) can be the key of the job",
                                    fmt::join(wanted, ", "));
  error.detail = describe_all(indexes);
  error.hint =
      "A job needs a valid, non-partial unique btree index over NOT NULL columns: create one with "
      "CREATE UNIQUE INDEX CONCURRENTLY, or name its columns in `key`.";
  return error;
}

}  // namespace backfill
