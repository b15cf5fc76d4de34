#include "run/rehearse_batches.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "catalog/sample_keys.hpp"
#include "pg/clock.hpp"

namespace backfill::run {

namespace {

constexpr std::int64_t places_wanted = 16;
/// A rehearsal is a few batches: it leaves as many dead rows as it changes.
constexpr std::int64_t rows_most = 50'000;
constexpr std::size_t samples_most = 5;
constexpr int samples_a_batch = 1;
constexpr std::size_t failing_most = 5;
constexpr std::size_t troubles_most = 5;
constexpr Duration statement_least = std::chrono::milliseconds{100};
constexpr std::string_view lock_timeout_state = "55P03";

bool is_connection_lost(const Error& error) {
  return error.kind == ErrorClass::reconnect || error.kind == ErrorClass::ambiguous;
}

}  // namespace

std::vector<std::size_t> spread_order(std::size_t places) {
  std::vector<std::size_t> order;
  std::vector<bool> taken(places, false);
  for (std::size_t step = places; step > 0; step /= 2) {
    for (std::size_t i = 0; i < places; i += step) {
      if (taken[i]) continue;
      taken[i] = true;
      order.push_back(i);
    }
  }
  return order;
}

RehearseBatches::RehearseBatches(pg::Connection* connection, RehearsedJob* job,
                                 Rehearsal* rehearsal, Duration budget, std::int64_t bytes)
    : connection_(connection),
      job_(job),
      rehearsal_(rehearsal),
      deadline_(pg::now() + budget),
      bytes_(bytes),
      statement_timeout_(job->settings.statement_timeout),
      sizer_(job->job.pace.batch) {}

bool RehearseBatches::time_is_up() const {
  return pg::now() >= deadline_;
}

/// No statement may outlast the time that is left; nor, while its transaction keeps everybody from
/// the table, what the job grants itself elsewhere.
void RehearseBatches::limit_statement() {
  const Duration left = std::max(statement_least, Duration{deadline_ - pg::now()});
  job_->settings.statement_timeout = std::min(statement_timeout_, left);
  if (job_->adds.empty()) return;
  const Duration granted = std::max<Duration>(statement_least, job_->job.throttle.lock_wait);
  job_->settings.statement_timeout = std::min(job_->settings.statement_timeout, granted);
}

asio::awaitable<Result<std::vector<Tick>>> RehearseBatches::ticks_in(KeyRange within,
                                                                     RowCount every,
                                                                     RowCount limit) {
  const Probe probe{std::move(within), every, limit};
  const Target target = job_->target;
  const SafetySettings safety = job_->job.safety;
  Result<ProbeResult> found = co_await run_probe(connection_, target, probe, safety);
  if (!found) co_return found.error();
  co_return std::move(found->ticks);
}

asio::awaitable<Result<void>> RehearseBatches::go() {
  const Target target = job_->target;
  const SafetySettings safety = job_->job.safety;
  const Result<std::vector<KeyValue>> sampled =
      co_await sample_keys(connection_, target, bytes_, places_wanted - 1, safety);
  if (!sampled) co_return sampled.error();
  std::vector<std::optional<KeyValue>> places{std::nullopt};
  places.insert(places.end(), sampled->begin(), sampled->end());
  for (const std::size_t i : spread_order(places.size())) {
    const bool enough = rehearsal_->rows >= rows_most || !rehearsal_->failing.empty();
    if (enough) break;
    if (time_is_up()) {
      rehearsal_->deadline_passed = true;
      break;
    }
    const std::optional<KeyValue> place = places[i];
    const Result<void> done = co_await rehearse_at(place);
    if (!done) co_return done.error();
    const auto refused =
        rehearsal_->troubles.size() + static_cast<std::size_t>(rehearsal_->locks.timeouts);
    if (refused >= troubles_most) break;
  }
  co_return Result<void>{};
}

/// As `run` would make it, but no larger than that all places are seen before enough rows are.
RowCount RehearseBatches::batch_size() const {
  const RowCount size = sizer_.target_rows();
  if (job_->job.pace.batch.fixed_rows) return size;
  return std::min(size, RowCount{rows_most / places_wanted * job_->stripes});
}

asio::awaitable<Result<void>> RehearseBatches::rehearse_at(std::optional<KeyValue> position) {
  KeyRange range;
  range.after = std::move(position);
  const RowCount size = batch_size();
  const KeyRange within = range;
  const Result<std::vector<Tick>> ticks = co_await ticks_in(within, size, size);
  if (!ticks) co_return ticks.error();
  if (ticks->empty()) co_return Result<void>{};
  RowCount keys;
  for (const Tick& tick : *ticks) keys += tick.keys;
  range.through = ticks->back().key;
  limit_statement();
  const int samples = rehearsal_->samples.size() < samples_most ? samples_a_batch : 0;
  const Result<Trial> trial = co_await try_batch(connection_, job_, range, samples, false);
  if (!trial) {
    Error error = trial.error();
    co_return co_await on_failure(std::move(error), range, keys);
  }
  count(*trial, keys);
  ++rehearsal_->positions;
  co_return Result<void>{};
}

void RehearseBatches::count(const Trial& trial, RowCount keys) {
  Rehearsal& all = *rehearsal_;
  ++all.batches;
  all.keys += keys.value;
  all.rows += trial.rows;
  all.seconds += trial.seconds;
  all.trigger_seconds += trial.trigger_seconds;
  for (const std::string& trigger : trial.triggers) {
    if (std::ranges::find(all.triggers, trigger) == all.triggers.end()) {
      all.triggers.push_back(trigger);
    }
  }
  for (const SampleRow& sample : trial.samples) {
    if (all.samples.size() < samples_most) all.samples.push_back(sample);
  }
  if (job_->writes) all.dead_rows += trial.updated;
  wal_bytes_ += trial.wal_bytes;
  wal_images_ += trial.wal_images;
  wal_server_ += trial.wal_server;
  updated_ += trial.updated;
  hot_ += trial.hot;
  const auto time =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(trial.seconds));
  BatchSample sample;
  sample.keys = keys;
  sample.rows = RowCount{trial.rows};
  sample.statement_time = time;
  sizer_.on_batch(sample);
}

asio::awaitable<Result<void>> RehearseBatches::on_failure(Error error, KeyRange range,
                                                          RowCount keys) {
  if (is_connection_lost(error)) co_return error;
  // How many it had written by then is not known.
  if (job_->writes) rehearsal_->dead_rows += keys.value;
  if (error.kind == ErrorClass::row) {
    Suspect suspect;
    suspect.range = std::move(range);
    suspect.keys = keys;
    suspect.error = std::move(error);
    co_return co_await hunt(std::move(suspect));
  }
  if (error.sqlstate == lock_timeout_state) {
    ++rehearsal_->locks.timeouts;
    sizer_.on_conflict(keys);
    co_return Result<void>{};
  }
  if (error.kind == ErrorClass::shrink_batch) {
    sizer_.on_timeout(keys);
    if (time_is_up()) {
      rehearsal_->deadline_passed = true;
      co_return Result<void>{};
    }
  }
  rehearsal_->troubles.push_back(fmt::format("{}: {}", to_string(range, keys), describe(error)));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> RehearseBatches::hunt(Suspect first) {
  std::vector<Suspect> suspects;
  suspects.push_back(std::move(first));
  while (!suspects.empty()) {
    Suspect suspect = std::move(suspects.back());
    suspects.pop_back();
    const bool found = suspect.keys <= RowCount{1};
    if (found || time_is_up()) {
      rehearsal_->more_failing = rehearsal_->more_failing || !found;
      rehearsal_->failing.push_back(
          {to_string(suspect.range, suspect.keys), suspect.error.sqlstate, suspect.error.message});
      if (rehearsal_->failing.size() < failing_most && found) continue;
      rehearsal_->more_failing = rehearsal_->more_failing || !suspects.empty();
      co_return Result<void>{};
    }
    const Result<void> halved = co_await halve(std::move(suspect), &suspects);
    if (!halved) co_return halved.error();
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> RehearseBatches::halve(Suspect suspect,
                                                     std::vector<Suspect>* suspects) {
  const RowCount half{(suspect.keys.value + 1) / 2};
  const KeyRange within = suspect.range;
  const Result<std::vector<Tick>> ticks = co_await ticks_in(within, half, suspect.keys);
  if (!ticks) co_return ticks.error();
  const std::size_t before = suspects->size();
  KeyRange part;
  part.after = suspect.range.after;
  for (const Tick& tick : *ticks) {
    part.through = tick.key;
    limit_statement();
    const Result<Trial> trial = co_await try_batch(connection_, job_, part, 0, true);
    if (trial && job_->writes) rehearsal_->dead_rows += trial->updated;
    if (!trial) {
      const Error& error = trial.error();
      if (is_connection_lost(error)) co_return error;
      if (job_->writes) rehearsal_->dead_rows += tick.keys.value;
      if (error.kind == ErrorClass::row) suspects->push_back({part, tick.keys, error});
    }
    part.after = tick.key;
  }
  if (suspects->size() > before) co_return Result<void>{};
  // Neither half fails alone, or something else came between: the range is all that is known.
  rehearsal_->failing.push_back(
      {to_string(suspect.range, suspect.keys), suspect.error.sqlstate, suspect.error.message});
  co_return Result<void>{};
}

void RehearseBatches::sum_up(double heap_bytes, double rows) {
  Rehearsal& all = *rehearsal_;
  if (all.batches > 0) all.batch_ms = 1000 * all.seconds / all.batches;
  if (all.seconds > 0) {
    all.rows_per_second = static_cast<double>(all.rows) / all.seconds;
    all.keys_per_second = static_cast<double>(all.keys) / all.seconds;
  }
  if (rows > 0) {
    all.dead_bytes =
        static_cast<std::int64_t>(heap_bytes / rows * static_cast<double>(all.dead_rows));
  }
  if (!all.triggers.empty()) {
    all.notes.emplace_back(
        "triggers fired: what they do outside of the transaction, numbers drawn from sequences for "
        "instance, is not taken back");
  }
  if (!job_->writes || updated_ == 0) return;
  const auto updated = static_cast<double>(updated_);
  all.wal_per_row = static_cast<double>(wal_bytes_) / updated;
  all.wal_images = static_cast<double>(wal_images_) / updated;
  all.wal_ours = wal_bytes_;
  all.wal_server = wal_server_;
  all.hot_share = static_cast<double>(hot_) / updated;
  if (job_->stripes > 1) {
    all.notes.push_back(fmt::format(
        "measured is the first of {} visits to each range: pages are still full then, so that more "
        "updates stay on their page later on",
        job_->stripes));
  }
  all.notes.emplace_back("COMMIT, rests and throttles are not part of what was measured");
}

std::string masked(std::string_view text) {
  std::string shape;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter >= 'A' && letter <= 'Z') {
      shape += 'X';
    } else if (letter >= 'a' && letter <= 'z') {
      shape += 'x';
    } else if (letter >= '0' && letter <= '9') {
      shape += '9';
    } else if (byte >= 0xC0) {
      shape += 'x';  // the first byte of a character outside of ASCII stands for all of it
    } else if (byte < 0x80) {
      shape += letter;
    }
  }
  return shape;
}

std::string masked_message(std::string_view message) {
  std::string text;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= message.size(); ++i) {
    if (i < message.size() && message[i] != '"') continue;
    const std::string_view piece = message.substr(begin, i - begin);
    text += quoted ? masked(piece) : std::string(piece);
    if (i < message.size()) text += '"';
    begin = i + 1;
    quoted = !quoted;
  }
  return text;
}

void mask(Rehearsal* rehearsal) {
  const auto hide = [](std::optional<std::string>& value) {
    if (value) value = masked(*value);
  };
  for (SampleRow& sample : rehearsal->samples) {
    for (SampleValue& value : sample.values) {
      hide(value.before);
      hide(value.after);
    }
  }
  for (FailingRow& row : rehearsal->failing) row.message = masked_message(row.message);
  for (std::string& trouble : rehearsal->troubles) trouble = masked_message(trouble);
  for (Rehearsal& followed : rehearsal->followed) mask(&followed);
}

}  // namespace backfill::run
