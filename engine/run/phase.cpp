#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "run/run_journal.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

bool all_closed(const std::vector<StoredRange>& ranges) {
  return std::ranges::all_of(ranges, [](const StoredRange& range) { return range.known.closed; });
}

}  // namespace

asio::awaitable<Result<void>> begin_phase(Session* session, std::string phase, int pass) {
  session->phase = phase;
  session->fraction_key.reset();
  if (session->keeper && session->keeper->journal != nullptr) session->keeper->journal->turn();
  const Fence fence = session->fence(std::move(phase), pass);
  session->tell(
      Level::info, "phase", "phase_started",
      fmt::format("{}{}", session->phase, pass > 1 ? fmt::format(" (pass {})", pass) : ""));
  const bool keeps_state = session->proves_again();
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> start =
      [fence, keeps_state](pg::Connection* connection) {
        return keeps_state ? note_phase(connection, fence) : start_phase(connection, fence);
      };
  co_return co_await session->control.repeat<void>(start);
}

asio::awaitable<Result<void>> end_phase(Session* session, int pass, std::string detail) {
  const Fence fence = session->fence(session->phase, pass);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> finish =
      [fence, detail](pg::Connection* connection) {
        return finish_phase(connection, fence, detail);
      };
  co_return co_await session->control.repeat<void>(finish);
}

/// One sweep as a phase, from its start to its end in `backfill.phases`.
///
/// Batches commit without waiting for the disk: a server that crashes may lose the last of them,
/// with their checkpoints. A sweep that lives through the crash does not notice where it had closed
/// a range already. So the end is written first, synchronously, which makes everything before it
/// durable; then the checkpoints are read, and where one is open again the sweep goes on.
asio::awaitable<Result<SweepResult>> run_phase(Session* session, std::string phase, int pass,
                                               Purpose purpose) {
  if (session->stop_reason) {
    SweepResult nothing;
    nothing.finish.how = Finish::How::stopped;
    nothing.finish.reason = *session->stop_reason;
    co_return nothing;
  }
  const Result<void> begun = co_await begin_phase(session, phase, pass);
  if (!begun) co_return begun.error();
  std::int64_t batches = 0;
  while (true) {
    Result<SweepResult> swept = co_await run_sweep(session, phase, pass, purpose);
    if (!swept || swept->finish.how != Finish::How::completed) co_return swept;
    batches += swept->batches;
    const Result<void> ended = co_await end_phase(session, pass, "{}");
    if (!ended) co_return ended.error();
    Result<std::vector<StoredRange>> ranges = co_await read_ranges(session, phase, pass, purpose);
    if (!ranges) co_return ranges.error();
    if (!all_closed(*ranges)) {
      session->tell(Level::warning, "information", "checkpoints_lost",
                    "the server lost its last commits in a crash: doing those ranges again");
      continue;
    }
    swept->ranges = *std::move(ranges);
    swept->batches = batches;
    co_return swept;
  }
}

}  // namespace backfill::run
