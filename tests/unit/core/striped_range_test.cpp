#include <string>

#include <catch2/catch.hpp>

#include "core/range_ledger.hpp"

namespace backfill {
namespace {

KeyValue key(int number) {
  return {std::to_string(number)};
}

/// Boundaries at 10, 20 … with the keys given; a range that has an end.
ProbeResult probed(const std::vector<std::int64_t>& keys) {
  ProbeResult found;
  int at = 0;
  for (const std::int64_t count : keys) found.ticks.push_back({key(at += 10), RowCount{count}});
  return found;
}

Batch take(RangeLedger& ledger, Range& range, std::int64_t want) {
  const auto batch = RangeLedger::next_batch(range, RowCount{want}, RowCount{1'000}, Purpose::copy);
  REQUIRE(batch.has_value());
  ledger.advance(range, *batch);
  return *batch;
}

}  // namespace

TEST_CASE("each_stripe_goes_by_the_same_boundaries_and_the_last_one_closes_the_range") {
  RangeLedger ledger({}, true);
  Range& range = ledger.plan(probed({7, 5}), 2);
  range.doing = Range::Doing::nothing;
  const Batch first = take(ledger, range, 7);
  CHECK(first.bounds == KeyRange{std::nullopt, key(10)});
  CHECK(first.stripe == Stripe{0, 2});
  CHECK_FALSE(first.ends_stripe);
  CHECK_FALSE(range.between_stripes());
  const Batch second = take(ledger, range, 5);
  CHECK(second.ends_stripe);
  CHECK_FALSE(second.closes_range);
  CHECK(range.between_stripes());
  CHECK(range.cursor == std::nullopt);
  CHECK(ledger.watermark() == std::nullopt);
  const Batch third = take(ledger, range, 7);
  CHECK(third.bounds == first.bounds);
  CHECK(third.stripe == Stripe{1, 2});
  CHECK(ledger.watermark() == key(10));
  const Batch fourth = take(ledger, range, 5);
  CHECK(fourth.closes_range);
  CHECK_FALSE(fourth.ends_stripe);
}

TEST_CASE("the_shares_of_the_stripes_add_up_to_the_keys") {
  RangeLedger ledger({}, true);
  Range& range = ledger.plan(probed({7, 1, 3}), 4);
  range.doing = Range::Doing::nothing;
  CHECK(range.keys_ahead() == RowCount{11});
  RowCount before;
  for (int batches = 0; batches < 12; ++batches) {
    take(ledger, range, 7 + batches % 7);
    CHECK(ledger.keys_done() >= before);
    CHECK(ledger.keys_done() + range.keys_ahead() == RowCount{11});
    before = ledger.keys_done();
    if (range.stripe.last() && range.ticks.empty()) break;
  }
  CHECK(ledger.keys_done() == RowCount{11});
}

TEST_CASE("the_open_end_of_the_key_is_never_striped") {
  RangeLedger ledger({}, true);
  ProbeResult last = probed({3});
  last.exhausted = true;
  CHECK(ledger.plan(last, 4).stripe == Stripe{0, 1});
}

TEST_CASE("a_range_resumed_in_the_middle_of_a_stripe_is_probed_again_for_the_next") {
  KnownRange known;
  known.id = RangeId{1};
  known.bounds = {std::nullopt, key(30)};
  known.cursor = key(20);
  known.stripe = {.no = 0, .of = 2};
  known.keys = RowCount{30};
  known.keys_done = RowCount{10};
  RangeLedger ledger({known}, true);
  Range& range = ledger.at(RangeId{1});
  ledger.extend(range, {{{key(30), RowCount{10}}}, false});
  take(ledger, range, 10);
  CHECK(range.stripe.no == 1);
  CHECK(range.ticks.empty());
  CHECK_FALSE(range.ticks_complete);
  CHECK(range.keys_ahead() == RowCount{15});
}

}  // namespace backfill
