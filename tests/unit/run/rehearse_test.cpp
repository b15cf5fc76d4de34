#include "run/rehearse.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "run/rehearse_batches.hpp"

namespace backfill::run {

TEST_CASE("places_are_visited_spread_however_early_it_ends") {
  CHECK(spread_order(0).empty());
  CHECK(spread_order(1) == std::vector<std::size_t>{0});
  CHECK(spread_order(8) == std::vector<std::size_t>{0, 4, 2, 6, 1, 3, 5, 7});
  for (std::size_t places = 1; places <= 40; ++places) {
    std::vector<std::size_t> order = spread_order(places);
    CHECK(order.size() == places);
    std::ranges::sort(order);
    CHECK(std::ranges::adjacent_find(order) == order.end());
    CHECK(order.back() == places - 1);
  }
}

TEST_CASE("a_masked_value_keeps_its_shape_alone") {
  CHECK(masked("Bob 17, bob@Example.org") == "Xxx 99, xxx@Xxxxxxx.xxx");
  CHECK(masked("Zoë") == "Xxx");
  CHECK(masked("").empty());
  CHECK(masked_message("invalid input for type integer: \"secret 7\"") ==
        "invalid input for type integer: \"xxxxxx 9\"");
  CHECK(masked_message("an open \"quote") == "an open \"xxxxx");
}

TEST_CASE("a_mask_hides_values_and_messages_and_keeps_keys") {
  Rehearsal rehearsal;
  rehearsal.samples = {{"key 17", {{"email", "Bob", std::nullopt}}}};
  rehearsal.failing = {{"key 18", "22P02", "bad: \"Bob\""}};
  mask(&rehearsal);
  CHECK(rehearsal.samples[0].key == "key 17");
  CHECK(rehearsal.samples[0].values[0].before == "Xxx");
  CHECK_FALSE(rehearsal.samples[0].values[0].after);
  CHECK(rehearsal.failing[0].message == "bad: \"Xxx\"");
}

}  // namespace backfill::run
