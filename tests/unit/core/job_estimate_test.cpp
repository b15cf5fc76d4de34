#include "core/job_estimate.hpp"

#include <catch2/catch.hpp>

namespace backfill {

namespace {

EstimateFacts facts() {
  EstimateFacts facts;
  facts.rows = 1e6;
  facts.heap_bytes = 100e6;
  facts.index_bytes = 40e6;
  facts.indexes = 2;
  facts.stripes = 8;
  facts.connections = 4;
  facts.max_wal_bytes = 1e9;
  return facts;
}

}  // namespace

TEST_CASE("an_estimate_says_on_what_it_rests") {
  const JobEstimate assumed = estimate_job(facts(), std::nullopt);
  CHECK(assumed.seconds_basis.starts_with("assumed"));
  CHECK(assumed.seconds.low == 10);
  CHECK(assumed.seconds.high == 200);
  const JobEstimate measured = estimate_job(facts(), Measurement{80'000, {}, {}, "3 batches"});
  CHECK(measured.seconds_basis.starts_with("measured"));
  CHECK(measured.seconds_basis.find("3 batches") != std::string::npos);
  // Eight visits pass each row; from four connections that gain in full to one with overhead.
  CHECK(measured.seconds.low == 25);
  CHECK(measured.seconds.high == 150);
}

TEST_CASE("the_share_of_rows_scales_everything") {
  EstimateFacts half = facts();
  half.changing = 0.5;
  const JobEstimate all = estimate_job(facts(), std::nullopt);
  const JobEstimate some = estimate_job(half, std::nullopt);
  CHECK(some.rows == 500'000);
  CHECK(some.wal_bytes.high == all.wal_bytes.high / 2);
  CHECK(some.heap_growth.high == all.heap_growth.high / 2);
}

TEST_CASE("spans_never_end_before_they_begin") {
  for (const int stripes : {1, 8}) {
    for (const bool indexed : {false, true}) {
      for (const int added : {0, 3}) {
        EstimateFacts some = facts();
        some.stripes = stripes;
        some.set_column_indexed = indexed;
        some.added_columns = added;
        for (const bool measured : {false, true}) {
          const auto measurement =
              measured ? std::optional(Measurement{1'000, Span{90, 400}, 0.4, "x"}) : std::nullopt;
          const JobEstimate estimate = estimate_job(some, measurement);
          for (const Span& span : {estimate.seconds, estimate.wal_bytes, estimate.heap_growth,
                                   estimate.index_growth, estimate.peak_disk}) {
            CHECK(span.low >= 0);
            CHECK(span.low <= span.high);
          }
        }
      }
    }
  }
}

TEST_CASE("an_index_on_a_set_column_keeps_updates_from_their_page") {
  EstimateFacts indexed = facts();
  indexed.set_column_indexed = true;
  CHECK(estimate_job(facts(), std::nullopt).index_growth.low == 0);
  CHECK(estimate_job(indexed, std::nullopt).index_growth.low == 20e6);
  CHECK(estimate_job(indexed, std::nullopt).heap_growth.low >
        estimate_job(facts(), std::nullopt).heap_growth.low);
}

TEST_CASE("the_peak_counts_the_log_only_as_far_as_it_is_kept") {
  EstimateFacts some = facts();
  some.max_wal_bytes = 1;
  const JobEstimate estimate = estimate_job(some, std::nullopt);
  CHECK(estimate.peak_disk.high == estimate.heap_growth.high + estimate.index_growth.high + 1);
}

TEST_CASE("each_receiver_takes_the_whole_log") {
  EstimateFacts some = facts();
  CHECK_FALSE(estimate_job(some, std::nullopt).replication_bytes);
  some.receivers = 3;
  const JobEstimate estimate = estimate_job(some, std::nullopt);
  REQUIRE(estimate.replication_bytes);
  CHECK(estimate.replication_bytes->high == 3 * estimate.wal_bytes.high);
}

TEST_CASE("an_empty_table_costs_nothing") {
  EstimateFacts none;
  const JobEstimate estimate = estimate_job(none, Measurement{0, {}, {}, ""});
  CHECK(estimate.rows == 0);
  CHECK(estimate.peak_disk == Span{0, 0});
}

}  // namespace backfill
