#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "checkpoint/events.hpp"

namespace backfill {

/// The events of one runner on their way into `backfill.events`. Each has a number, and leaves the
/// queue only when it is known to be written: what is sent a second time because nobody knows what
/// became of the first is recognised by the server by its number.
///
/// The queue is bounded. When it is full the oldest event goes, and one that says how many went is
/// written in their place.
class EventQueue {
 public:
  explicit EventQueue(std::size_t most) : most_(most) {}

  void push(EventRecord event);

  [[nodiscard]] bool empty() const { return waiting_.empty() && dropped_ == 0; }

  /// All that wait, oldest first, to be handed to `append_events`.
  [[nodiscard]] std::vector<EventRecord> take();

  /// Everything up to this number is written.
  void written(std::int64_t through);

  /// The server will never take what `take` gave last: it is dropped and counted.
  void unwritable(std::int64_t through);

 private:
  struct Waiting {
    EventRecord event;
    std::int64_t stands_for = 1;  ///< events; more where it tells of dropped ones
  };

  std::size_t most_;
  std::deque<Waiting> waiting_;
  std::int64_t last_no_ = 0;
  std::int64_t dropped_ = 0;
};

}  // namespace backfill
