#include "run/sweep.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/check.hpp"
#include "pg/clock.hpp"

namespace backfill::run {

Sweep::Sweep(asio::any_io_executor executor, SlotPool* pool, SweepPlan plan, Engine engine,
             OnNote on_note)
    : executor_(std::move(executor)),
      pool_(pool),
      plan_(std::move(plan)),
      engine_(std::move(engine)),
      on_note_(std::move(on_note)),
      wake_(executor_),
      finished_timer_(executor_, asio::steady_timer::time_point::max()) {}

Sweep::~Sweep() {
  pool_->listen({});
}

asio::awaitable<Finish> Sweep::run() {
  draining_ = true;
  for (const Action& action : engine_.begin(pg::now())) perform(action);
  draining_ = false;
  pool_->listen([this](const Event& event) { tell(event); });
  drain_events();
  if (!finish_) {
    boost::system::error_code ignored;
    co_await finished_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  pool_->listen({});
  wake_.call_off();
  BACKFILL_CHECK(finish_.has_value(), "a sweep ended without its last action");
  co_return std::move(*finish_);
}

void Sweep::tell(Event event) {
  if (finish_) return;
  events_.push_back(std::move(event));
  drain_events();
}

void Sweep::set(TransactionSettings settings, SafetySettings safety) {
  plan_.settings = std::move(settings);
  plan_.safety = safety;
}

/// Events that arise while one is being handled wait for their turn: the engine is not re-entered.
void Sweep::drain_events() {
  if (draining_) return;
  draining_ = true;
  while (!events_.empty() && !finish_) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    for (const Action& action : engine_.on(event, pg::now())) perform(action);
  }
  draining_ = false;
  if (finish_) {
    events_.clear();
    finished_timer_.cancel();
  } else {
    set_alarm();
  }
}

void Sweep::set_alarm() {
  const std::optional<Instant> at = engine_.wake_at();
  wake_.call_off();
  if (at) wake_.set(*at - pg::now(), [this] { tell(Woken{}); });
}

void Sweep::perform(const Action& action) {
  struct Visitor {
    Sweep& sweep;
    void operator()(const StartBatch& start) const {
      sweep.batch_began_[start.slot] = pg::now();
      sweep.start(sweep.run_batch(start));
    }
    void operator()(const StartProbe& start) const { sweep.start(sweep.run_probe(start)); }
    void operator()(const OpenRange& open) const { sweep.start(sweep.run_open(open)); }
    void operator()(const CloseRange& close) const { sweep.start(sweep.run_close(close)); }
    void operator()(const SettleRange& settle) const { sweep.start(sweep.run_settle(settle)); }
    void operator()(const CancelSlot& cancel) const {
      if (pg::Connection* connection = sweep.pool_->connection(cancel.slot)) {
        connection->request_cancel();
      }
    }
    void operator()(const Note& note) const { sweep.on_note_(note); }
    void operator()(const Finish& finish) const { sweep.finish_ = finish; }
  };
  std::visit(Visitor{*this}, action);
}

void Sweep::start(asio::awaitable<void> exchange) {
  asio::co_spawn(executor_, std::move(exchange), asio::detached);
}

SweepState Sweep::state() const {
  return engine_.state(pg::now());
}

std::vector<int> Sweep::backends() const {
  std::vector<int> pids;
  for (int i = 0; i < pool_->size(); ++i) {
    const pg::Connection* connection = pool_->connection(SlotId{i});
    if (connection != nullptr && !connection->pooled()) pids.push_back(connection->backend_pid());
  }
  return pids;
}

std::optional<SlotId> Sweep::slot_of_backend(int backend_pid, Instant looked_at) const {
  for (int i = 0; i < pool_->size(); ++i) {
    const pg::Connection* connection = pool_->connection(SlotId{i});
    if (connection == nullptr || connection->backend_pid() != backend_pid) continue;
    const auto began = batch_began_.find(SlotId{i});
    if (began != batch_began_.end() && began->second <= looked_at) return SlotId{i};
  }
  return std::nullopt;
}

}  // namespace backfill::run
