#include "core/batch_sizer.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "core/random.hpp"

using namespace backfill;
using namespace std::chrono_literals;

namespace {

/// A server as a batch sees it: fixed and per-row cost in microseconds, and noise.
struct Server {
  double fixed = 1'000;
  double per_row = 5;
  double noise = 0.2;
  double wal_per_row = 200;
  Random random{1};

  BatchSample run(RowCount keys, double share = 1.0) {
    const auto n = static_cast<double>(keys.value);
    const double factor = 1 + noise * (2 * random.unit() - 1);
    const double cost = fixed + n * per_row * (share + 0.1 * (1 - share));
    BatchSample sample;
    sample.keys = keys;
    sample.rows = RowCount(static_cast<std::int64_t>(n * share));
    sample.statement_time = Duration(static_cast<Duration::rep>(cost * factor));
    sample.wal = ByteCount(static_cast<std::int64_t>(n * share * wal_per_row));
    return sample;
  }
};

void run(BatchSizer& sizer, Server& server, int batches, double share = 1.0) {
  for (int i = 0; i < batches; ++i) sizer.on_batch(server.run(sizer.target_rows(), share));
}

/// The time without noise of a batch of the size that the sizer asks for now.
double expected_ms(const BatchSizer& sizer, const Server& server) {
  return (server.fixed + server.per_row * static_cast<double>(sizer.target_rows().value)) / 1e3;
}

double as_double(RowCount rows) {
  return static_cast<double>(rows.value);
}

BatchSettings fixed_at(std::int64_t rows) {
  BatchSettings settings;
  settings.fixed_rows = RowCount(rows);
  return settings;
}

BatchSettings target_of(std::chrono::milliseconds target) {
  BatchSettings settings;
  settings.target = target;
  return settings;
}

}  // namespace

TEST_CASE("from_ten_rows_the_target_is_reached_within_30_percent_in_12_batches") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Server server{.per_row = 2 + 0.5 * static_cast<double>(seed % 20), .random = Random(seed)};
    BatchSizer sizer(fixed_at(10));
    run(sizer, server, 5);
    sizer.set(target_of(50ms));
    CHECK(sizer.target_rows() == RowCount(10));
    run(sizer, server, 12);
    for (int i = 0; i < 50; ++i) {
      INFO("seed " << seed << " batch " << i << " rows " << sizer.target_rows().value);
      REQUIRE(expected_ms(sizer, server) > 35);
      REQUIRE(expected_ms(sizer, server) < 65);
      run(sizer, server, 1);
    }
  }
}

TEST_CASE("from_50000_wide_rows_the_target_is_reached_within_30_percent_in_6_batches") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Server server{.per_row = 100, .random = Random(seed)};
    BatchSizer sizer(fixed_at(50'000));
    run(sizer, server, 3);
    sizer.set(target_of(50ms));
    run(sizer, server, 6);
    for (int i = 0; i < 50; ++i) {
      INFO("seed " << seed << " batch " << i << " rows " << sizer.target_rows().value);
      REQUIRE(expected_ms(sizer, server) > 35);
      REQUIRE(expected_ms(sizer, server) < 65);
      run(sizer, server, 1);
    }
  }
}

TEST_CASE("the_first_batch_of_unknown_rows_is_cut_to_the_target_at_once_when_it_stalls") {
  Server server{.per_row = 1'000, .noise = 0};
  BatchSizer sizer(target_of(50ms));
  CHECK(sizer.target_rows() == RowCount(500));
  run(sizer, server, 1);
  CHECK(expected_ms(sizer, server) < 65);
}

TEST_CASE("a_changed_target_is_reached_from_either_side") {
  Server server{.noise = 0.1, .random = Random(3)};
  BatchSizer sizer(BatchSettings{});
  CHECK(sizer.target() == Duration(50ms));
  run(sizer, server, 20);
  CHECK(expected_ms(sizer, server) == Approx(50).epsilon(0.3));
  sizer.set_target(10ms);
  run(sizer, server, 10);
  CHECK(expected_ms(sizer, server) == Approx(10).epsilon(0.3));
  sizer.set_target(50ms);
  run(sizer, server, 20);
  CHECK(expected_ms(sizer, server) == Approx(50).epsilon(0.3));
}

TEST_CASE("the_target_of_the_settings_stands_above_the_automatic_one") {
  BatchSizer sizer(target_of(20ms));
  sizer.set_target(50ms);
  CHECK(sizer.target() == Duration(20ms));
}

TEST_CASE("within_the_dead_band_the_size_does_not_move") {
  Server server{.noise = 0};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  const auto rows = sizer.target_rows();
  server.per_row *= 1.1;
  run(sizer, server, 30);
  CHECK(sizer.target_rows() == rows);
}

TEST_CASE("four_answers_of_the_same_size_let_it_grow_once") {
  Server server{.noise = 0};
  BatchSizer sizer(target_of(50ms));
  for (int i = 0; i < 4; ++i) sizer.on_batch(server.run(RowCount(500)));
  CHECK(sizer.target_rows() == RowCount(2000));
}

TEST_CASE("after_the_first_batches_the_size_grows_by_half_at_most") {
  Server server{.noise = 0};
  BatchSizer sizer(target_of(10ms));
  run(sizer, server, 20);
  const auto before = sizer.target_rows();
  server.per_row = 0.1;
  server.fixed = 10;
  for (int i = 0; i < 10; ++i) {
    const auto rows = sizer.target_rows();
    run(sizer, server, 1);
    CHECK(sizer.target_rows().value <= rows.value * 3 / 2 + 1);
  }
  CHECK(sizer.target_rows() > before);
}

TEST_CASE("one_stall_costs_a_factor_of_eight_at_most_and_is_made_good") {
  Server server{.noise = 0.1, .random = Random(9)};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  const auto before = sizer.target_rows();
  auto stalled = server.run(before);
  stalled.statement_time = Duration(20s);
  // Those that were in flight stall as well; together they count as one.
  for (int i = 0; i < 4; ++i) sizer.on_batch(stalled);
  CHECK(sizer.target_rows().value == Approx(as_double(before) / 8).epsilon(0.01));
  run(sizer, server, 12);
  CHECK(expected_ms(sizer, server) == Approx(50).epsilon(0.3));
}

TEST_CASE("a_timeout_halves_the_size_of_its_batch_and_growth_rests") {
  Server server{.noise = 0};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  const auto before = sizer.target_rows();
  for (int i = 0; i < 4; ++i) sizer.on_timeout(before);
  const auto halved = sizer.target_rows();
  CHECK(halved.value == Approx(as_double(before) / 2).margin(1));
  run(sizer, server, 8);
  CHECK(sizer.target_rows() == halved);
  run(sizer, server, 4);
  CHECK(sizer.target_rows() > halved);
  for (int i = 0; i < 40; ++i) sizer.on_timeout(sizer.target_rows());
  CHECK(sizer.target_rows() == RowCount(10));
}

TEST_CASE("a_conflict_takes_a_quarter_off_the_size_of_its_batch") {
  Server server{.noise = 0};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  const auto before = sizer.target_rows();
  sizer.on_conflict(before);
  sizer.on_conflict(before);
  CHECK(sizer.target_rows().value == Approx(as_double(before) * 0.75).margin(1));
  sizer.on_conflict(RowCount(1'000'000));
  CHECK(sizer.target_rows().value == Approx(as_double(before) * 0.75).margin(1));
}

TEST_CASE("floor_and_ceiling_hold_whatever_is_measured") {
  BatchSettings settings;
  settings.min_rows = RowCount(100);
  settings.max_rows = RowCount(3'000);
  Server fast{.fixed = 1, .per_row = 0.01, .noise = 0};
  Server slow{.fixed = 1, .per_row = 100'000, .noise = 0};
  BatchSizer sizer(settings);
  run(sizer, fast, 30);
  CHECK(sizer.target_rows() == RowCount(3'000));
  run(sizer, slow, 30);
  CHECK(sizer.target_rows() == RowCount(100));
}

TEST_CASE("a_fixed_size_does_not_move") {
  Server slow{.per_row = 100'000, .noise = 0};
  BatchSizer sizer(fixed_at(777));
  run(sizer, slow, 10);
  sizer.on_timeout(RowCount(777));
  sizer.on_conflict(RowCount(777));
  CHECK(sizer.target_rows() == RowCount(777));
  CHECK(sizer.smoothed_ms().has_value());
  CHECK_FALSE(sizer.size_is_not_the_cause());
}

TEST_CASE("the_rest_of_a_range_does_not_move_the_size") {
  Server server{.noise = 0};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  const auto before = sizer.target_rows();
  for (int i = 0; i < 100; ++i) sizer.on_batch(server.run(RowCount(3)));
  CHECK(sizer.target_rows() == before);
  sizer.on_batch(BatchSample{});
  CHECK(sizer.target_rows() == before);
}

TEST_CASE("after_a_stretch_without_changes_a_full_batch_takes_four_targets_at_most") {
  Server server{.fixed = 100, .per_row = 20, .noise = 0};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  run(sizer, server, 60, 0.0);
  CHECK(expected_ms(sizer, server) > 100);
  CHECK(expected_ms(sizer, server) <= 4.05 * 50);
}

TEST_CASE("where_nothing_changed_yet_the_scan_alone_sets_the_size") {
  Server server{.fixed = 100, .per_row = 20, .noise = 0};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 30, 0.0);
  CHECK(sizer.target_rows().value == Approx(25'000).epsilon(0.3));
}

TEST_CASE("a_batch_writes_about_one_wal_segment_at_most") {
  Server server{.noise = 0, .wal_per_row = 64 * 1024};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  CHECK(sizer.target_rows() == RowCount(256));
}

TEST_CASE("when_smaller_batches_hardly_help_the_size_goes_back_and_a_worker_less_is_advised") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    Server server{.fixed = 1'000, .per_row = 5, .noise = 0.15, .random = Random(seed)};
    BatchSizer sizer(target_of(50ms));
    run(sizer, server, 20);
    const auto before = sizer.target_rows();
    server.fixed = 120'000;  // such as a wait for one hot buffer
    bool advised = false;
    for (int i = 0; i < 40 && !advised; ++i) {
      run(sizer, server, 1);
      advised = sizer.size_is_not_the_cause();
    }
    REQUIRE(advised);
    CHECK(sizer.target_rows().value > before.value / 2);
    server.fixed = 1'000;  // the worker is gone, and with it the wait
    run(sizer, server, 40);
    CHECK_FALSE(sizer.size_is_not_the_cause());
    CHECK(expected_ms(sizer, server) == Approx(50).epsilon(0.3));
  }
}

TEST_CASE("a_server_that_slows_down_while_batches_shrink_is_not_mistaken_for_inelastic") {
  Server server{.noise = 0.1, .random = Random(4)};
  BatchSizer sizer(target_of(50ms));
  run(sizer, server, 20);
  for (int i = 0; i < 20; ++i) {
    server.per_row *= 1.25;
    run(sizer, server, 1);
  }
  run(sizer, server, 30);
  CHECK_FALSE(sizer.size_is_not_the_cause());
  CHECK(expected_ms(sizer, server) == Approx(50).epsilon(0.3));
}

TEST_CASE("smoothed_time_is_absent_until_a_batch_has_run") {
  BatchSizer sizer(BatchSettings{});
  CHECK_FALSE(sizer.smoothed_ms().has_value());
  Server server{.fixed = 10'000, .per_row = 0, .noise = 0};
  run(sizer, server, 3);
  CHECK(*sizer.smoothed_ms() == Approx(10));
}
