#include <utility>

#include <benchmark/benchmark.h>

#include "core/sql_text.hpp"
#include "jobs/backfill.hpp"

namespace backfill {
namespace {

Target users() {
  Target target;
  target.table = {.schema = "public", .name = "users"};
  target.columns = {{.name = "tenant", .type = "integer", .not_null = true},
                    {.name = "id", .type = "bigint", .not_null = true},
                    {.name = "email", .type = "text"},
                    {.name = "email_normalized", .type = "text"}};
  target.key = {
      .columns = {{.name = "tenant", .type = "integer"}, {.name = "id", .type = "bigint"}},
      .index = "\"public\".\"users_pkey\""};
  target.server_version = 150000;
  return target;
}

Job normalize() {
  Job job;
  job.name = "normalize_user_emails";
  job.table = {.schema = "public", .name = "users"};
  job.set = {{.column = "email_normalized", .expression = "lower(trim(email))"}};
  job.where = "email_normalized IS NULL";
  return job;
}

constexpr BoundShape between{.after = true, .through = true};

/// Once a phase: the text is prepared and then sent by name.
void sql_of_the_update_is_produced(benchmark::State& state) {
  const BackfillSql sql{normalize(), users(), {true}};
  for (auto _ : state) benchmark::DoNotOptimize(sql.copy(between));
}
BENCHMARK(sql_of_the_update_is_produced);

/// Once a probe.
void sql_of_a_probe_is_produced(benchmark::State& state) {
  const Target target = users();
  for (auto _ : state) benchmark::DoNotOptimize(probe_statement(target, between));
}
BENCHMARK(sql_of_a_probe_is_produced);

/// Once a batch.
void bounds_of_a_batch_are_laid_out(benchmark::State& state) {
  const KeyRange range{KeyValue{"17", "123456789"}, KeyValue{"17", "123466789"}};
  for (auto _ : state) benchmark::DoNotOptimize(bound_values(range));
}
BENCHMARK(bounds_of_a_batch_are_laid_out);

}  // namespace
}  // namespace backfill
