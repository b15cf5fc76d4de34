#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/engine.hpp"

namespace backfill {
namespace {

/// A server that has the keys 1 to `rows` and answers everything at once. Simpler than the
/// simulator's on purpose: what is measured is the engine, and this must cost next to nothing.
class InstantServer {
 public:
  explicit InstantServer(std::int64_t rows) : rows_(rows) {}

  void perform(const std::vector<Action>& actions) {
    for (const Action& action : actions) std::visit(*this, action);
  }

  [[nodiscard]] bool has_answer() const { return !answers_.empty(); }
  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] std::int64_t batches() const { return batches_; }

  Event next_answer() {
    Event answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

  void operator()(const StartBatch& start) {
    ++batches_;
    if (start.ahead) answers_.emplace_back(ProbeDone{start.slot, answer_to(*start.ahead)});
    const RowCount keys = start.batch.keys;
    answers_.emplace_back(
        BatchDone{start.slot, keys, Duration{keys.value * 5}, std::nullopt, std::nullopt});
  }
  void operator()(const StartProbe& start) {
    answers_.emplace_back(ProbeDone{start.slot, answer_to(start.probe)});
  }
  void operator()(const OpenRange& open) { answers_.emplace_back(RangeOpened{open.slot}); }
  void operator()(const CloseRange& close) { answers_.emplace_back(RangeClosed{close.slot}); }
  void operator()(const SettleRange&) {}
  void operator()(const CancelSlot&) {}
  void operator()(const Note&) {}
  void operator()(const Finish&) { finished_ = true; }

 private:
  [[nodiscard]] static std::int64_t number(const KeyValue& key) {
    std::int64_t value = 0;
    const std::string& text = key.front();
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  [[nodiscard]] ProbeResult answer_to(const Probe& probe) const {
    const std::int64_t first = probe.within.after ? number(*probe.within.after) : 0;
    const std::int64_t last = probe.within.through ? number(*probe.within.through) : rows_;
    const std::int64_t end = std::min(last, first + probe.limit.value);
    ProbeResult result;
    for (std::int64_t key = first; key < end;) {
      const std::int64_t next = std::min(end, key + probe.every.value);
      result.ticks.push_back({KeyValue{std::to_string(next)}, RowCount{next - key}});
      key = next;
    }
    result.exhausted = end - first < probe.limit.value;
    return result;
  }

  std::int64_t rows_;
  std::deque<Event> answers_;
  std::int64_t batches_ = 0;
  bool finished_ = false;
};

/// A whole sweep of ten million keys, in batches of the size that the argument says. The time an
/// item is what the engine costs one batch: a round trip to a server near by takes 50 µs.
void engine_sweeps_a_table(benchmark::State& state) {
  constexpr int slots = 4;
  constexpr std::int64_t rows = 10'000'000;
  SweepSettings settings;
  settings.estimated_rows = RowCount{rows};
  settings.pace.connections = slots;
  settings.pace.batch.fixed_rows = RowCount{state.range(0)};
  std::int64_t batches = 0;
  for (auto _ : state) {
    InstantServer server{rows};
    Engine engine{settings, {}, slots};
    Instant now{};
    server.perform(engine.begin(now));
    for (int i = 0; i < slots; ++i) server.perform(engine.on(SlotUp{SlotId{i}}, now));
    while (!server.finished() && server.has_answer()) {
      now += std::chrono::milliseconds(1);
      const Event answer = server.next_answer();
      server.perform(engine.on(answer, now));
    }
    if (!server.finished()) {
      state.SkipWithError("the sweep stood still");
      break;
    }
    batches += server.batches();
  }
  state.SetItemsProcessed(batches);
}
BENCHMARK(engine_sweeps_a_table)
    ->ArgName("rows_per_batch")
    ->Arg(1'000)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace backfill
