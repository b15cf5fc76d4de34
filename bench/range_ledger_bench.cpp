#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "core/range_ledger.hpp"

namespace backfill {
namespace {

constexpr std::int64_t keys_per_tick = 1'000;

ProbeResult ticks_from(std::int64_t first_key, std::int64_t count) {
  ProbeResult found;
  for (std::int64_t i = 1; i <= count; ++i) {
    found.ticks.push_back(
        {KeyValue{std::to_string(first_key + i * keys_per_tick)}, RowCount{keys_per_tick}});
  }
  return found;
}

/// One range from its frontier probe to its end, in batches of four ticks: what the ledger costs
/// a batch, for ranges of as many ticks as the argument says.
void ledger_takes_one_range_to_its_end(benchmark::State& state) {
  const std::int64_t ticks = state.range(0);
  const ProbeResult found = ticks_from(0, ticks);
  std::int64_t batches = 0;
  for (auto _ : state) {
    RangeLedger ledger({}, true);
    Range& range = ledger.plan(found);
    range.doing = Range::Doing::nothing;
    while (auto batch = RangeLedger::next_batch(range, RowCount{4 * keys_per_tick},
                                                RowCount{50'000}, Purpose::copy)) {
      ledger.advance(range, *batch);
      ++batches;
    }
    benchmark::DoNotOptimize(ledger.keys_done());
  }
  state.SetItemsProcessed(batches);
}
BENCHMARK(ledger_takes_one_range_to_its_end)->Arg(16)->Arg(128)->Arg(1'000);

/// The watermark and the keys ahead are asked for at every progress report, over all open ranges.
void ledger_tells_its_sums(benchmark::State& state) {
  RangeLedger ledger({}, true);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    ledger.plan(ticks_from(i * 100 * keys_per_tick, 100));
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(ledger.keys_ahead());
    benchmark::DoNotOptimize(ledger.watermark());
  }
}
BENCHMARK(ledger_tells_its_sums)->Arg(4)->Arg(64);

}  // namespace
}  // namespace backfill
