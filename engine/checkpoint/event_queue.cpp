#include "checkpoint/event_queue.hpp"

#include <utility>

#include <fmt/core.h>

namespace backfill {

void EventQueue::push(EventRecord event) {
  if (waiting_.size() >= most_) {
    dropped_ += waiting_.front().stands_for;
    waiting_.pop_front();
  }
  event.no = ++last_no_;
  waiting_.push_back({std::move(event), 1});
}

std::vector<EventRecord> EventQueue::take() {
  if (dropped_ > 0) {
    Waiting told;
    told.event.kind = "information";
    told.event.reason = "events_dropped";
    told.event.detail = fmt::format("{{\"count\": {}}}", dropped_);
    told.event.no = ++last_no_;
    told.stands_for = std::exchange(dropped_, 0);
    waiting_.push_back(std::move(told));
  }
  std::vector<EventRecord> events;
  events.reserve(waiting_.size());
  for (const Waiting& each : waiting_) events.push_back(each.event);
  return events;
}

void EventQueue::written(std::int64_t through) {
  while (!waiting_.empty() && waiting_.front().event.no <= through) waiting_.pop_front();
}

void EventQueue::unwritable(std::int64_t through) {
  while (!waiting_.empty() && waiting_.front().event.no <= through) {
    dropped_ += waiting_.front().stands_for;
    waiting_.pop_front();
  }
}

}  // namespace backfill
