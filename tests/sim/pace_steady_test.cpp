#include <algorithm>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "sim/pace_world.hpp"

/// A server that is always the same: whatever moves there is our own doing.
namespace backfill::sim::pace {
namespace {

using namespace std::chrono_literals;

/// The trials of the first minutes find the level; later ones come seldom.
constexpr int settled_after = 300;
constexpr int lasts = 900;

Track track_of(std::uint64_t seed, const Steady& steady) {
  History history(History::Kind::off);
  World world(seed, steady, history);
  return world.run_steadily(std::chrono::seconds(lasts));
}

/// How often a level that has been found is left, per minute.
double changes_per_minute(const std::vector<int>& workers) {
  int changes = 0;
  for (std::size_t i = settled_after + 1; i < workers.size(); ++i) {
    changes += workers[i] != workers[i - 1] ? 1 : 0;
  }
  return 60.0 * changes / static_cast<double>(workers.size() - settled_after);
}

/// The part of the settled time that was spent as near as that to the best level.
double within(int workers_off, const std::vector<int>& workers, int best) {
  const auto there = std::count_if(workers.begin() + settled_after, workers.end(), [=](int level) {
    return std::abs(level - best) <= workers_off;
  });
  return static_cast<double>(there) / static_cast<double>(workers.size() - settled_after);
}

}  // namespace

TEST_CASE("on_a_steady_server_the_level_is_found_and_kept") {
  for (const double noise : {0.0, 0.2, 0.4}) {
    for (int cpus = 1; cpus <= 6; ++cpus) {
      for (const int connections : {2, 8}) {
        Steady steady;
        steady.cpus = cpus;
        steady.connections = connections;
        steady.noise = noise;
        const Track track = track_of(static_cast<std::uint64_t>(cpus), steady);
        CAPTURE(noise, cpus, connections);
        const int best = std::min(cpus, connections);
        CHECK(within(1, track.workers, best) == 1);
        CHECK(within(0, track.workers, best) >= 0.95);
        CHECK(changes_per_minute(track.workers) <= 0.5);
      }
    }
  }
}

/// A worker tried in and out makes batches take twice as long for a moment; the size follows that,
/// and else stays in the band that is left alone.
TEST_CASE("on_a_steady_server_the_size_of_batches_stays_within_a_band") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Steady steady;
    steady.cpus = 1 + static_cast<int>(seed % 5);
    const Track track = track_of(seed, steady);
    const auto settled = track.batch_rows.begin() + settled_after;
    const auto [least, most] = std::minmax_element(settled, track.batch_rows.end());
    CAPTURE(seed, *least, *most);
    CHECK(static_cast<double>(*most) <= 2.5 * static_cast<double>(*least));
    int changes = 0;
    for (auto size = settled + 1; size != track.batch_rows.end(); ++size) {
      changes += *size != *(size - 1) ? 1 : 0;
    }
    CHECK(60.0 * changes / (lasts - settled_after) <= 6);
  }
}

}  // namespace backfill::sim::pace
