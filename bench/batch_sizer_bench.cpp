#include <chrono>
#include <cstdint>

#include <benchmark/benchmark.h>

#include "core/batch_sizer.hpp"

namespace backfill {
namespace {

/// Every key costs the same 5 µs, give or take a fifth: the sizer settles and stays there.
void sizer_follows_a_steady_table(benchmark::State& state) {
  BatchSizer sizer{BatchSettings{}};
  std::int64_t turn = 0;
  for (auto _ : state) {
    const RowCount keys = sizer.target_rows();
    const std::int64_t microseconds_per_key = 4 + turn++ % 3;
    sizer.on_batch({.keys = keys,
                    .rows = keys,
                    .statement_time = Duration{keys.value * microseconds_per_key},
                    .wal = ByteCount{keys.value * 450}});
  }
  state.counters["rows"] = static_cast<double>(sizer.target_rows().value);
}
BENCHMARK(sizer_follows_a_steady_table);

/// A new sizer until its batches take half of the target: how many batches, and what they cost it.
void sizer_finds_its_size(benchmark::State& state) {
  std::int64_t batches = 0;
  std::int64_t tables = 0;
  for (auto _ : state) {
    BatchSizer sizer{BatchSettings{}};
    const auto half = std::chrono::duration_cast<Duration>(sizer.target()) / 2;
    const Duration key_time{state.range(0)};
    while (sizer.target_rows().value * key_time < half) {
      const RowCount keys = sizer.target_rows();
      sizer.on_batch({.keys = keys,
                      .rows = keys,
                      .statement_time = keys.value * key_time,
                      .wal = std::nullopt});
      ++batches;
    }
    ++tables;
  }
  state.counters["batches"] = static_cast<double>(batches) / static_cast<double>(tables);
}
BENCHMARK(sizer_finds_its_size)->ArgName("us_per_key")->Arg(1)->Arg(5)->Arg(50);

}  // namespace
}  // namespace backfill
