#include "core/stripe_gain.hpp"

#include <functional>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/core/engine_driver.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

constexpr Stripe first{0, 4};
constexpr Stripe third{2, 4};

StripeGain seen(double first_share, double later_share, std::int64_t rows = 20'000) {
  StripeGain gain;
  const auto hot = [rows](double share) {
    return RowCount{static_cast<std::int64_t>(share * static_cast<double>(rows))};
  };
  gain.on_batch(first, RowCount{rows}, hot(first_share));
  gain.on_batch(third, RowCount{rows}, hot(later_share));
  return gain;
}

/// A sweep of striped ranges on a server that answers everything at once; `share` gives how many of
/// a stripe's rows stay on their page.
class Server {
 public:
  using Share = std::function<double(const Stripe&)>;

  explicit Server(const SweepSettings& settings) : driver_(settings) {}

  /// Until so many more ranges have been opened: how often each is visited.
  std::vector<int> open_ranges(std::size_t count, const Share& share) {
    opened_.clear();
    for (int steps = 0; opened_.size() < count && steps < 100'000; ++steps) {
      REQUIRE(next_ < driver_.actions.size());
      const Action action = driver_.actions[next_++];
      if (const auto* probe = std::get_if<StartProbe>(&action)) {
        driver_.tell(ProbeDone{probe->slot, found()});
      } else if (const auto* open = std::get_if<OpenRange>(&action)) {
        opened_.push_back(open->stripes);
        driver_.tell(RangeOpened{open->slot});
      } else if (const auto* close = std::get_if<CloseRange>(&action)) {
        driver_.tell(RangeClosed{close->slot});
      } else if (const auto* start = std::get_if<StartBatch>(&action)) {
        finish(*start, share);
      } else if (const auto* note = std::get_if<Note>(&action)) {
        notes.push_back(note->reason + ": " + note->text);
      }
    }
    return opened_;
  }

  std::vector<std::string> notes;

 private:
  ProbeResult found() {
    ProbeResult result;
    for (int i = 0; i < 4; ++i) {
      key_ += 500;
      result.ticks.push_back({KeyValue{std::to_string(key_)}, RowCount{500}});
    }
    return result;
  }

  void finish(const StartBatch& start, const Share& share) {
    if (start.ahead) driver_.tell(ProbeDone{start.slot, found()});
    BatchDone done;
    done.slot = start.slot;
    done.rows = rows_of(start.batch);
    done.statement_time = std::chrono::milliseconds{10};
    done.hot = RowCount{static_cast<std::int64_t>(share(start.batch.stripe) *
                                                  static_cast<double>(done.rows.value))};
    driver_.now += std::chrono::milliseconds{10};
    driver_.tell(done);
  }

  EngineDriver driver_;
  std::size_t next_ = 0;
  std::int64_t key_ = 0;
  std::vector<int> opened_;
};

SweepSettings striped() {
  SweepSettings settings;
  settings.stripes = 4;
  settings.pace.batch.fixed_rows = RowCount{500};
  settings.range_keys = RowCount{2'000};
  return settings;
}

double nothing_gained(const Stripe&) {
  return 0.02;
}

double gained(const Stripe& stripe) {
  return stripe.no == 0 ? 0.02 : 0.76;
}

}  // namespace

TEST_CASE("stripes_pay_where_later_visits_do_better_than_first_ones") {
  CHECK(seen(0.02, 0.76).pays() == true);
  CHECK(seen(0.33, 0.45).pays() == true);
  CHECK(seen(0.0, 0.0).pays() == false);
  CHECK(seen(0.4, 0.3).pays() == false);
  CHECK(seen(0.02, 0.1).pays() == false);
}

TEST_CASE("stripes_pay_where_free_space_is_enough_for_each_visit") {
  CHECK(seen(0.98, 0.97).pays() == true);
  CHECK(seen(0.95, 0.2).pays() == false);
}

TEST_CASE("too_few_rows_tell_nothing") {
  CHECK_FALSE(StripeGain{}.pays().has_value());
  CHECK_FALSE(seen(0, 0, 9'000).pays().has_value());
  CHECK(seen(0, 0, 9'000).text().empty());
  StripeGain plain;
  plain.on_batch(Stripe{}, RowCount{1'000'000}, RowCount{0});
  CHECK_FALSE(plain.pays().has_value());
}

TEST_CASE("what_was_seen_long_ago_is_forgotten") {
  StripeGain gain = seen(0.0, 0.0, 1'000'000);
  CHECK(gain.pays() == false);
  for (int i = 0; i < 200; ++i) {
    gain.on_batch(first, RowCount{10'000}, RowCount{0});
    gain.on_batch(third, RowCount{10'000}, RowCount{7'000});
  }
  CHECK(gain.pays() == true);
  CHECK(gain.text() ==
        "0 % of the rows of first visits stayed on their page, 70 % of those of later ones");
}

TEST_CASE("ranges_are_visited_once_from_when_stripes_are_seen_to_gain_nothing") {
  Server server(striped());
  server.open_ranges(40, nothing_gained);
  const std::vector<int> plain = server.open_ranges(64, nothing_gained);
  CHECK(std::count(plain.begin(), plain.end(), 4) == 2);
  CHECK(std::count(plain.begin(), plain.end(), 1) == 62);
  REQUIRE_FALSE(server.notes.empty());
  CHECK_THAT(server.notes.back(),
             Catch::StartsWith("stripes_off: 2 % of the rows of first visits stayed on their page, "
                               "2 % of those of later ones: from here on each range is visited "
                               "once"));
}

TEST_CASE("when_a_trial_gains_again_ranges_are_striped_again") {
  Server server(striped());
  server.open_ranges(200, nothing_gained);
  server.open_ranges(3'000, gained);
  const std::vector<int> again = server.open_ranges(20, gained);
  CHECK(std::count(again.begin(), again.end(), 4) == 20);
  CHECK_THAT(server.notes.back(), Catch::StartsWith("stripes_on: "));
  CHECK(server.notes.size() == 2);
}

TEST_CASE("where_stripes_gain_they_stay") {
  Server server(striped());
  const std::vector<int> all = server.open_ranges(200, gained);
  CHECK(std::count(all.begin(), all.end(), 4) == 200);
  CHECK(server.notes.empty());
}

TEST_CASE("stripes_set_by_hand_stay_whatever_they_gain") {
  SweepSettings settings = striped();
  settings.stripes_forced = true;
  Server server(settings);
  const std::vector<int> all = server.open_ranges(200, nothing_gained);
  CHECK(std::count(all.begin(), all.end(), 4) == 200);
}
