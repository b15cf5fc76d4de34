#include "checkpoint/event_queue.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace backfill {
namespace {

EventRecord event_named(std::string reason) {
  EventRecord event;
  event.kind = "retry";
  event.reason = std::move(reason);
  return event;
}

}  // namespace

TEST_CASE("an_event_keeps_its_number_until_it_is_known_to_be_written") {
  EventQueue queue(10);
  queue.push(event_named("a"));
  const auto first = queue.take();
  queue.push(event_named("b"));
  const auto again = queue.take();
  REQUIRE(again.size() == 2);
  CHECK(again[0].no == first[0].no);
  CHECK(again[1].no > again[0].no);
  queue.written(again.back().no);
  CHECK(queue.empty());
}

TEST_CASE("what_came_while_the_others_were_written_stays") {
  EventQueue queue(2);
  queue.push(event_named("a"));
  queue.push(event_named("b"));
  const auto sent = queue.take();
  // The queue is full: the oldest goes although it is being written, and neither c nor d with it.
  queue.push(event_named("c"));
  queue.push(event_named("d"));
  queue.written(sent.back().no);
  const auto left = queue.take();
  REQUIRE(left.size() == 3);
  CHECK(left[0].reason == "c");
  CHECK(left[1].reason == "d");
  CHECK(left[2].reason == "events_dropped");
}

TEST_CASE("dropped_events_are_counted_once_and_the_count_is_never_lost") {
  EventQueue queue(2);
  for (int i = 0; i < 5; ++i) queue.push(event_named(std::to_string(i)));
  auto sent = queue.take();
  REQUIRE(sent.size() == 3);
  CHECK(sent.back().detail == R"({"count": 3})");
  // Not written, and pushed out by others: the next one to tell of drops tells of those, too.
  for (int i = 0; i < 3; ++i) queue.push(event_named("later"));
  sent = queue.take();
  std::int64_t told = 0;
  for (const EventRecord& event : sent) {
    if (event.reason == "events_dropped") told += std::stoll(event.detail.substr(10));
  }
  CHECK(told + static_cast<std::int64_t>(sent.size()) - 1 == 8);
}

TEST_CASE("an_event_that_the_server_refuses_does_not_hold_up_the_others") {
  EventQueue queue(10);
  queue.push(event_named("a"));
  const auto sent = queue.take();
  queue.unwritable(sent.back().no);
  queue.push(event_named("b"));
  const auto next = queue.take();
  REQUIRE(next.size() == 2);
  CHECK(next[0].reason == "b");
  CHECK(next[1].detail == R"({"count": 1})");
}

}  // namespace backfill
