#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/probe.hpp"
#include "core/batch_sizer.hpp"
#include "core/time.hpp"
#include "run/rehearse.hpp"
#include "run/rehearse_trial.hpp"

namespace backfill::run {

/// The batches of a rehearsal: at places spread over the key, in an order that is spread however
/// early it ends, as large as `run` would make them. What fails for a row's own reason is halved
/// until the row is found. Works on what it is given until `go` has returned.
class RehearseBatches {
 public:
  RehearseBatches(pg::Connection* connection, RehearsedJob* job, Rehearsal* rehearsal,
                  Duration budget, std::int64_t bytes);

  /// An Error means that the connection is gone, or that the table cannot be read.
  asio::awaitable<Result<void>> go();

  /// The figures of all batches; the table's size and rows tell what its dead rows take.
  void sum_up(double heap_bytes, double rows);

 private:
  struct Suspect {
    KeyRange range;
    RowCount keys;
    Error error;
  };

  [[nodiscard]] bool time_is_up() const;
  void limit_statement();
  [[nodiscard]] RowCount batch_size() const;
  asio::awaitable<Result<std::vector<Tick>>> ticks_in(KeyRange within, RowCount every,
                                                      RowCount limit);
  asio::awaitable<Result<void>> rehearse_at(std::optional<KeyValue> position);
  asio::awaitable<Result<void>> hunt(Suspect first);
  asio::awaitable<Result<void>> halve(Suspect suspect, std::vector<Suspect>* suspects);
  void count(const Trial& trial, RowCount keys);
  asio::awaitable<Result<void>> on_failure(Error error, KeyRange range, RowCount keys);

  pg::Connection* connection_;
  RehearsedJob* job_;
  Rehearsal* rehearsal_;
  Instant deadline_;
  std::int64_t bytes_;
  Duration statement_timeout_;
  BatchSizer sizer_;
  std::int64_t wal_images_ = 0;
  std::int64_t wal_bytes_ = 0;
  std::int64_t wal_server_ = 0;
  std::int64_t updated_ = 0;
  std::int64_t hot_ = 0;
};

/// The order in which places are visited: the first of all, then the halves, the quarters, …
[[nodiscard]] std::vector<std::size_t> spread_order(std::size_t places);

/// Every value that the rehearsal shows, by its shape alone; keys stay, since they find the rows.
void mask(Rehearsal* rehearsal);

}  // namespace backfill::run
