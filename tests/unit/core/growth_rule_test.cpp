#include "core/growth_rule.hpp"

#include <algorithm>
#include <cmath>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t rows = 1'000'000;
constexpr std::int64_t bytes_before = 200'000'000;  // 200 a row

SafetySettings limits(std::optional<int> max_growth,
                      VacuumSettings::When when = VacuumSettings::When::never, int percent = 10) {
  SafetySettings safety;
  safety.max_growth = max_growth;
  safety.vacuum = {when, percent};
  return safety;
}

/// A table to which every changed row adds a version, unless there is room that VACUUM has made.
struct Table {
  std::int64_t bytes = bytes_before;
  std::int64_t version_bytes = 200;
  std::int64_t dear_rows =
      0;                  ///< the first ones cost five times as much: an index splits its pages
  std::int64_t dead = 0;  ///< row versions that VACUUM could remove
  std::int64_t room = 0;  ///< versions that fit without growth
  std::int64_t vacuums = 0;
  bool held = false;  ///< somebody's snapshot keeps every version
};

struct World {
  explicit World(const SafetySettings& settings)
      : rule({ByteCount{bytes_before}, RowCount{rows}}, settings) {}

  void read() {
    TableReading reading;
    reading.taken_at = now;
    reading.bytes = ByteCount{table.bytes};
    reading.vacuums = table.vacuums;
    reading.being_vacuumed = vacuuming;
    rule.on_reading(reading, work);
  }

  void change(std::int64_t count) {
    work.changed += RowCount{count};
    const std::int64_t inside = std::min(count, table.room);
    table.room -= inside;
    table.bytes += (count - inside) * table.version_bytes;
    const std::int64_t first = std::min(count, table.dear_rows);
    table.dear_rows -= first;
    table.bytes += first * table.version_bytes * 4;
    table.dead += count;
  }

  GrowthVerdict decide() { return rule.decide(work, now); }

  void vacuum() {
    rule.on_vacuum_begun(work);
    if (!table.held) {
      table.room += table.dead;
      table.dead = 0;
    }
    ++table.vacuums;
    ++ours;
    rule.on_vacuum_done();
  }

  /// Rounds of up to `round` rows, as a runner would: each allowed by the rule, with a reading when
  /// it wants one. Until all rows are changed or the rule ends it.
  void run(std::int64_t round) {
    read();
    for (int step = 0; step < 100'000 && work.changed < RowCount{rows}; ++step) {
      now += 50ms;
      if (step % 10 == 0) read();
      const GrowthVerdict verdict = decide();
      if (verdict.end) {
        ended = verdict.text;
        return;
      }
      if (verdict.vacuum) vacuum();
      if (verdict.look) read();
      const std::int64_t allowed = verdict.allowed ? verdict.allowed->value : round;
      change(std::clamp<std::int64_t>(allowed, 0, std::min(round, rows - work.changed.value)));
      most = std::max(most, table.bytes);
    }
  }

  [[nodiscard]] double growth() const {
    return static_cast<double>(most) / static_cast<double>(bytes_before) - 1.0;
  }

  GrowthRule rule;
  Table table;
  SweepWork work;
  Instant now{1h};
  bool vacuuming = false;
  int ours = 0;
  std::int64_t most = 0;
  std::string ended;
};

}  // namespace

TEST_CASE("without_a_limit_and_without_vacuum_any_number_of_rows_may_begin") {
  World world(limits(std::nullopt));
  CHECK_FALSE(world.rule.wants_readings());
  world.run(50'000);
  CHECK(world.work.changed == RowCount{rows});
  CHECK(world.ours == 0);
}

TEST_CASE("with_a_limit_nothing_begins_before_the_table_has_been_read") {
  World world(limits(30));
  CHECK(world.decide().allowed == RowCount{0});
  CHECK(world.decide().look);
  world.read();
  CHECK(world.decide().allowed > RowCount{10'000});
}

TEST_CASE("the_limit_is_never_crossed_and_nearly_reached") {
  const std::int64_t round = GENERATE(100, 5'000, 50'000, 400'000);
  const int limit = GENERATE(2, 10, 30, 50);
  const std::int64_t version_bytes = GENERATE(120, 200, 290);
  CAPTURE(round, limit, version_bytes);
  World world(limits(limit));
  world.table.version_bytes = version_bytes;
  world.run(round);
  CHECK(world.growth() <= limit / 100.0);
  CHECK(world.growth() >= 0.8 * limit / 100.0);
  CHECK_THAT(world.ended, Catch::Contains("larger than when the job began with it"));
  CHECK(world.ours == 0);
}

TEST_CASE("rows_that_cost_more_at_first_do_not_take_it_beyond_the_limit") {
  const std::int64_t round = GENERATE(1'000, 10'000, 100'000);
  const std::int64_t dear_rows = GENERATE(10'000, 50'000, 200'000);
  const int limit = GENERATE(5, 30);
  CAPTURE(round, dear_rows, limit);
  World world(limits(limit));
  world.table.dear_rows = dear_rows;
  world.run(round);
  CHECK(world.growth() <= limit / 100.0);
  CHECK(world.growth() >= 0.7 * limit / 100.0);
}

TEST_CASE("rows_in_flight_count_as_if_they_had_grown_the_table") {
  World world(limits(30));
  world.read();
  const RowCount idle = *world.decide().allowed;
  world.work.in_flight = RowCount{5'000};
  CHECK(*world.decide().allowed == idle - RowCount{5'000});
}

TEST_CASE("near_the_limit_a_reading_comes_before_the_end") {
  World world(limits(10));
  world.read();
  world.work.in_flight = RowCount{1'000};
  world.table.bytes = bytes_before / 100 * 110;
  world.read();
  const GrowthVerdict with_work = world.decide();
  CHECK(with_work.allowed == RowCount{0});
  CHECK(with_work.look);
  CHECK_FALSE(with_work.end);
  world.work.in_flight = RowCount{0};
  // Only a reading that nothing was in flight at tells where the table stands.
  CHECK_FALSE(world.decide().end);
  world.read();
  CHECK(world.decide().end);
}

TEST_CASE("by_share_a_vacuum_comes_whenever_so_many_rows_have_changed") {
  const int percent = GENERATE(5, 10, 25);
  World world(limits(std::nullopt, VacuumSettings::When::share, percent));
  CHECK(world.rule.wants_readings());
  world.run(10'000);
  CHECK(world.work.changed == RowCount{rows});
  CHECK(std::abs(world.ours - 100 / percent) <= 1);
  CHECK(world.growth() <= percent / 100.0 + 0.011);
}

TEST_CASE("by_itself_it_vacuums_each_tenth_and_sooner_below_a_limit") {
  World free(limits(std::nullopt, VacuumSettings::When::automatic));
  free.run(10'000);
  CHECK(std::abs(free.ours - 10) <= 1);
  World bounded(limits(9, VacuumSettings::When::automatic));
  bounded.run(10'000);
  CHECK(bounded.work.changed == RowCount{rows});
  CHECK(bounded.ours >= 25);
  CHECK(bounded.growth() <= 0.09);
}

TEST_CASE("where_stripes_keep_the_table_small_it_vacuums_only_from_half_of_the_limit_on") {
  World world(limits(20, VacuumSettings::When::automatic));
  world.work.keeps_small = true;
  world.run(10'000);
  CHECK(world.work.changed == RowCount{rows});
  CHECK(world.ours > 0);
  CHECK(world.ours < 20);
  CHECK(world.growth() <= 0.2);
  World unlimited(limits(std::nullopt, VacuumSettings::When::automatic));
  unlimited.work.keeps_small = true;
  unlimited.run(10'000);
  CHECK(unlimited.ours == 0);
}

TEST_CASE("a_vacuum_that_frees_nothing_is_not_repeated_for_ever") {
  World world(limits(30, VacuumSettings::When::automatic));
  world.table.held = true;
  world.run(10'000);
  CHECK_FALSE(world.ended.empty());
  CHECK(world.growth() <= 0.3);
  CHECK(world.ours >= 3);
  CHECK(world.ours <= 8);
}

TEST_CASE("a_run_after_a_vacuum_by_hand_goes_on_in_the_room_that_it_made") {
  World world(limits(30));
  world.run(10'000);
  REQUIRE_FALSE(world.ended.empty());
  const RowCount before = world.work.changed;
  world.table.room += world.table.dead;
  world.table.dead = 0;
  World resumed(limits(30));
  resumed.table = world.table;
  resumed.run(10'000);
  CHECK(resumed.work.changed.value >= before.value / 2);
  CHECK(resumed.growth() <= 0.3);
}

TEST_CASE("a_run_that_begins_again_without_a_vacuum_ends_soon_and_within_the_limit") {
  World world(limits(30));
  world.run(10'000);
  for (int again = 0; again < 10; ++again) {
    World resumed(limits(30));
    resumed.table = world.table;
    resumed.run(10'000);
    CHECK_FALSE(resumed.ended.empty());
    CHECK(resumed.work.changed < RowCount{rows / 50});
    CHECK(resumed.growth() <= 0.3);
    world.table = resumed.table;
  }
}

TEST_CASE("the_vacuum_of_others_is_waited_for_and_counts") {
  World world(limits(10));
  world.run(10'000);
  world.vacuuming = true;
  world.read();
  const GrowthVerdict meanwhile = world.decide();
  CHECK_FALSE(meanwhile.end);
  CHECK(meanwhile.allowed == RowCount{0});
  CHECK_THAT(meanwhile.text, Catch::EndsWith("waiting for the VACUUM that is at work on it"));
  world.vacuuming = false;
  ++world.table.vacuums;
  world.read();
  CHECK(*world.decide().allowed > RowCount{0});
}

TEST_CASE("a_vacuum_that_cannot_begin_is_tried_again_later_and_not_for_ever") {
  World world(limits(std::nullopt, VacuumSettings::When::automatic));
  world.read();
  world.change(200'000);
  REQUIRE(world.decide().vacuum);
  world.rule.on_vacuum_begun(world.work);
  CHECK_FALSE(world.decide().vacuum);
  world.rule.on_vacuum_failed(world.now);
  CHECK_FALSE(world.decide().vacuum);
  world.now += 3s;
  CHECK(world.decide().vacuum);

  World bounded(limits(10, VacuumSettings::When::automatic));
  bounded.read();
  bounded.change(48'000);
  bounded.read();
  bounded.change(50'000);
  bounded.read();
  int tries = 0;
  while (!bounded.decide().end && tries < 100) {
    bounded.read();
    bounded.now += 10s;
    bounded.read();
    if (!bounded.decide().vacuum) continue;
    ++tries;
    bounded.rule.on_vacuum_begun(bounded.work);
    bounded.rule.on_vacuum_failed(bounded.now);
  }
  CHECK(tries == 5);
}

TEST_CASE("a_size_that_cannot_be_read_stops_the_work_and_in_the_end_the_job") {
  World world(limits(30));
  world.read();
  world.now += 6s;
  CHECK(world.decide().allowed == RowCount{0});
  CHECK_FALSE(world.decide().end);
  world.now += 5min;
  CHECK(world.decide().end);
  World never_read(limits(30));
  CHECK_FALSE(never_read.decide().end);
  never_read.now += 6min;
  CHECK(never_read.decide().end);
}

TEST_CASE("limits_change_while_it_runs") {
  World world(limits(10));
  world.run(10'000);
  REQUIRE(world.decide().end);
  world.rule.set(limits(50));
  CHECK(*world.decide().allowed > RowCount{0});
  world.rule.set(limits(std::nullopt));
  CHECK_FALSE(world.decide().allowed);
}

TEST_CASE("a_table_whose_rows_nobody_has_counted_has_a_limit_all_the_same") {
  World world(limits(30));
  world.rule = GrowthRule({ByteCount{bytes_before}, std::nullopt}, limits(30));
  world.run(10'000);
  CHECK(world.growth() <= 0.3);
  CHECK_FALSE(world.ended.empty());
}

TEST_CASE("sizes_are_told_as_the_server_tells_them") {
  CHECK(size_text(ByteCount{0}) == "0 bytes");
  CHECK(size_text(ByteCount{1'023}) == "1023 bytes");
  CHECK(size_text(ByteCount{8'192}) == "8.0 kB");
  CHECK(size_text(ByteCount{312LL << 20}) == "312 MB");
  CHECK(size_text(ByteCount{3LL << 29}) == "1.5 GB");
}
