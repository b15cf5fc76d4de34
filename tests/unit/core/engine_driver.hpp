#pragma once

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine.hpp"
#include "core/sqlstate.hpp"

namespace backfill::test {

/// An engine driven by hand: scripted outcomes, a clock that the test moves, and all that the
/// engine has asked for so far.
class EngineDriver {
 public:
  explicit EngineDriver(SweepSettings settings, int slots = 1, std::vector<KnownRange> known = {})
      : engine(std::move(settings), std::move(known), slots) {
    take(engine.begin(now));
    for (int i = 0; i < slots; ++i) tell(SlotUp{SlotId{i}});
  }

  void tell(const Event& event) { take(engine.on(event, now)); }

  /// Moves the clock to when the engine wants to be woken, and wakes it.
  void wake() {
    const auto at = engine.wake_at();
    REQUIRE(at.has_value());
    now = *at;
    tell(Woken{});
  }

  /// The last action of a kind, which must be the last one that starts something.
  template <class A>
  A last() const {
    for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
      if (const A* found = std::get_if<A>(&*action)) return *found;
    }
    FAIL("the engine asked for no such thing");
    return {};
  }

  template <class A>
  int count() const {
    int found = 0;
    for (const Action& action : actions) found += std::holds_alternative<A>(action) ? 1 : 0;
    return found;
  }

  [[nodiscard]] std::string limited_by() const { return engine.state(now).limited_by; }

  Engine engine;
  Instant now{std::chrono::hours(1)};
  std::vector<Action> actions;

 private:
  void take(std::vector<Action> more) {
    actions.insert(actions.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
  }
};

inline Error error_of(std::string sqlstate) {
  Error error;
  error.kind = classify_sqlstate(sqlstate);
  error.sqlstate = std::move(sqlstate);
  error.message = "it did not go";
  return error;
}

/// Ticks of `keys` keys each at 10, 20, 30…
inline ProbeResult ticks_of(int count, std::int64_t keys, bool exhausted = true) {
  ProbeResult result;
  for (int i = 1; i <= count; ++i) {
    result.ticks.push_back({KeyValue{std::to_string(10 * i)}, RowCount(keys)});
  }
  result.exhausted = exhausted;
  return result;
}

/// A range that exists with one boundary, at its end: `keys` keys up to `through`.
inline KnownRange known_range(std::int64_t id, const std::string& after, const std::string& through,
                              std::int64_t keys) {
  KnownRange range;
  range.id = RangeId(id);
  range.bounds = {KeyValue{after}, KeyValue{through}};
  range.cursor = range.bounds.after;
  range.keys = RowCount(keys);
  return range;
}

}  // namespace backfill::test
