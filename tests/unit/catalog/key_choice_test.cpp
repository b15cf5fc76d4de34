#include "catalog/key_choice.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace backfill {
namespace {

/// A unique index that could be a key, of columns of eight bytes.
IndexCandidate index_over(std::string name, std::vector<std::string> columns) {
  IndexCandidate index;
  index.name = std::move(name);
  index.btree = true;
  index.valid = true;
  index.immediate = true;
  index.all_not_null = true;
  index.columns = std::move(columns);
  index.types.assign(index.columns.size(), "bigint");
  index.descending.assign(index.columns.size(), false);
  index.widths.assign(index.columns.size(), 8);
  return index;
}

std::string chosen(const std::vector<IndexCandidate>& indexes,
                   const std::vector<std::string>& wanted = {}) {
  const auto key = choose_key(indexes, wanted);
  return key ? key->index : "";
}

template <class Change>
std::string reason_for(Change change) {
  IndexCandidate index = index_over("i", {"a", "b"});
  change(index);
  return unusable_because(index);
}

}  // namespace

TEST_CASE("primary_key_wins_over_narrower_unique_indexes") {
  IndexCandidate primary = index_over("p", {"a", "b"});
  primary.primary = true;
  CHECK(chosen({index_over("u", {"c"}), primary}) == "p");
}

TEST_CASE("fewest_then_narrowest_columns_win_without_a_primary_key") {
  IndexCandidate narrow = index_over("narrow", {"b"});
  narrow.widths = {4};
  IndexCandidate text = index_over("a_text", {"c"});
  text.widths = {-1};
  CHECK(chosen({index_over("two", {"a", "b"}), text, index_over("eight", {"a"}), narrow}) ==
        "narrow");
  CHECK(chosen({index_over("b", {"x"}), index_over("a", {"y"})}) == "a");
}

TEST_CASE("every_unfit_index_has_its_reason") {
  CHECK(reason_for([](IndexCandidate&) {}).empty());
  CHECK(reason_for([](IndexCandidate& i) { i.btree = false; }) == "is not a btree");
  CHECK_THAT(reason_for([](IndexCandidate& i) { i.valid = false; }),
             Catch::StartsWith("is not valid"));
  CHECK(reason_for([](IndexCandidate& i) { i.partial = true; }) == "covers only some of the rows");
  CHECK(reason_for([](IndexCandidate& i) { i.expressions = true; }) == "is over an expression");
  CHECK(reason_for([](IndexCandidate& i) { i.all_not_null = false; }) ==
        "has a column that may be NULL");
  CHECK(reason_for([](IndexCandidate& i) { i.immediate = false; }) == "is deferrable");
  CHECK_THAT(reason_for([](IndexCandidate& i) { i.own_order = true; }),
             Catch::StartsWith("orders its columns by another"));
  CHECK(reason_for([](IndexCandidate& i) { i.descending = {false, true}; }) ==
        "mixes ascending and descending columns");
}

TEST_CASE("a_descending_index_is_a_key") {
  IndexCandidate down = index_over("d", {"a", "b"});
  down.descending = {true, true};
  const auto key = choose_key({down}, {});
  REQUIRE(key);
  CHECK(key->descending);
}

TEST_CASE("a_wanted_key_is_found_in_any_order_and_keeps_that_of_its_index") {
  IndexCandidate primary = index_over("p", {"id"});
  primary.primary = true;
  const auto key = choose_key({primary, index_over("u", {"a", "b"})}, {"b", "a"});
  REQUIRE(key);
  CHECK(key->index == "u");
  CHECK(key->columns[0].name == "a");
}

TEST_CASE("without_a_key_every_index_is_named_with_its_reason") {
  IndexCandidate partial = index_over("half", {"a"});
  partial.partial = true;
  const auto none = choose_key({partial}, {});
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorClass::fatal);
  CHECK(none.error().detail == "half (a) covers only some of the rows");
  const auto wanted = choose_key({partial, index_over("fit", {"b"})}, {"z"});
  REQUIRE_FALSE(wanted);
  CHECK_THAT(wanted.error().message, Catch::Contains("(z)"));
  CHECK_THAT(wanted.error().detail, Catch::Contains("fit (b) would do"));
  CHECK(choose_key({}, {}).error().detail == "it has no unique index");
}

}  // namespace backfill
