#include "run/table_care.hpp"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/maintenance_right.hpp"
#include "core/sql_text.hpp"
#include "pg/clock.hpp"
#include "signals/horizon_holder.hpp"
#include "signals/table_reading.hpp"

namespace backfill::run {

namespace {

constexpr Duration beat = std::chrono::milliseconds{50};
constexpr Duration interval = std::chrono::milliseconds{500};
/// Fewer are no obstacle: others' snapshots are always some transactions old.
constexpr std::int64_t transactions_worth_naming = 100;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

TableCare::TableCare(asio::any_io_executor executor, pg::ConnectOptions options,
                     SafetySettings settings, std::uint64_t seed)
    : executor_(executor),
      settings_(settings),
      link_(executor, options, seed),
      maintenance_(executor, options, seed + 1),
      timer_(executor),
      children_(executor) {}

void TableCare::set(SafetySettings settings) {
  settings_ = settings;
  if (rule_) rule_->set(permitted());
  due_ = {};
}

void TableCare::attend(Table table, Audience audience) {
  table_ = std::move(table);
  audience_ = std::move(audience);
  may_vacuum_.reset();
  rule_.emplace(table_.start, settings_);
  ++visit_;
  due_ = {};
  limited_ = false;
  vacuums_ = 0;
  end_text_.clear();
  failure_.clear();
  end_told_ = false;
  decide();
}

void TableCare::leave() {
  rule_.reset();
  audience_ = {};
}

void TableCare::decide() {
  if (!rule_ || !audience_.tell || !end_text_.empty()) return;
  const Instant now = pg::now();
  const SweepWork work = audience_.work();
  const GrowthVerdict verdict = rule_->decide(work, now);
  if (verdict.look) due_ = {};
  tell_allowed(verdict);
  if (verdict.vacuum && may_vacuum_ == true && !vacuuming_ && !stopping_) start_vacuum(work);
  if (verdict.end) end_text_ = verdict.text;
}

void TableCare::tell_allowed(const GrowthVerdict& verdict) {
  if (!verdict.allowed && !limited_) return;
  limited_ = verdict.allowed.has_value();
  std::string text = verdict.text;
  if (!failure_.empty()) text += ": " + failure_;
  audience_.tell(RowsAllowed{verdict.allowed, std::move(text)});
}

void TableCare::start_vacuum(const SweepWork& work) {
  vacuuming_ = true;
  rule_->on_vacuum_begun(work);
  children_.spawn(vacuum(table_.name, visit_));
}

asio::awaitable<void> TableCare::vacuum(QualifiedName table, std::uint64_t visit) {
  const std::string sql = vacuum_sql(table);
  note("vacuum", sql);
  const Instant began = pg::now();
  const Result<void> done = co_await maintenance_.run(sql, settings_.lock_timeout);
  vacuuming_ = false;
  const bool current = rule_ && visit == visit_;
  if (done) {
    note("vacuum_done",
         fmt::format("VACUUM of {} took {:.1f} s", quote_name(table), seconds(pg::now() - began)));
    if (!current) co_return;
    ++vacuums_;
    rule_->on_vacuum_done();
    holder_wanted_ = true;
    due_ = {};
    co_return;
  }
  if (!stopping_) {
    note("vacuum_failed", fmt::format("VACUUM of {} did not come to its end: {}", quote_name(table),
                                      describe(done.error())));
  }
  if (current) rule_->on_vacuum_failed(pg::now());
}

asio::awaitable<Result<void>> TableCare::run_now(std::string sql) {
  // One that the sweep has begun may still be at work, and its connection with it.
  asio::steady_timer turn(executor_);
  while (vacuuming_) {
    turn.expires_after(beat);
    boost::system::error_code ignored;
    co_await turn.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const Duration lock_timeout = settings_.lock_timeout;
  co_return co_await maintenance_.run(std::move(sql), lock_timeout);
}

void TableCare::give_way(const std::string& who) {
  note("vacuum_gives_way", fmt::format("{} waits for the lock of a VACUUM or ANALYZE of {}: "
                                       "cancelling it",
                                       who, quote_name(table_.name)));
  maintenance_.cancel();
}

asio::awaitable<void> TableCare::watch() {
  while (!stopping_) {
    if (wants_right()) co_await ask_right();
    if (wants_reading()) co_await read();
    if (holder_wanted_) co_await name_holder();
    if (!end_text_.empty() && !end_told_) co_await end_sweep();
    if (stopping_) break;
    timer_.expires_after(beat);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  link_.close();
  co_await children_.ended();
}

asio::awaitable<void> TableCare::read() {
  due_ = pg::now() + interval;
  const std::uint32_t oid = table_.oid;
  const std::uint64_t visit = visit_;
  const SweepWork work = audience_.work();
  const std::function<asio::awaitable<Result<TableReading>>(pg::Connection*)> ask =
      [oid](pg::Connection* connection) { return read_table(connection, oid); };
  const Result<TableReading> reading = co_await link_.attempt<TableReading>(ask);
  failure_ = reading ? std::string{} : reading.error().message;
  // The sweep may have ended meanwhile; a failure shows as silence.
  if (!reading || !rule_ || visit != visit_) co_return;
  rule_->on_reading(*reading, work);
  decide();
}

bool TableCare::wants_right() const {
  return rule_ && !may_vacuum_ && settings_.vacuum.when != VacuumSettings::When::never;
}

bool TableCare::wants_reading() const {
  return rule_ && rule_->wants_readings() && due_ <= pg::now();
}

SafetySettings TableCare::permitted() const {
  SafetySettings settings = settings_;
  if (may_vacuum_ == false) settings.vacuum = {};
  return settings;
}

/// Preflight asks for what the file says; `set` may come later. The server only warns a role that
/// may not, and a VACUUM that does nothing must not count as one.
asio::awaitable<void> TableCare::ask_right() {
  const std::uint32_t oid = table_.oid;
  const std::uint64_t visit = visit_;
  const std::function<asio::awaitable<Result<bool>>(pg::Connection*)> ask =
      [oid](pg::Connection* connection) { return may_maintain(connection, oid); };
  const Result<bool> may = co_await link_.attempt<bool>(ask);
  if (!may || !rule_ || visit != visit_) co_return;
  may_vacuum_ = *may;
  if (*may) co_return;
  rule_->set(permitted());
  note("vacuum_not_permitted", fmt::format("safety.vacuum has no effect: only the owner of {} may "
                                           "vacuum it",
                                           quote_name(table_.name)));
}

/// After a VACUUM: what it could not remove, it could not for somebody's sake.
asio::awaitable<void> TableCare::name_holder() {
  holder_wanted_ = false;
  const std::function<asio::awaitable<Result<std::optional<HorizonHolder>>>(pg::Connection*)> ask =
      [](pg::Connection* connection) { return read_horizon_holder(connection); };
  const Result<std::optional<HorizonHolder>> holder =
      co_await link_.attempt<std::optional<HorizonHolder>>(ask);
  if (!holder || !*holder || (*holder)->transactions < transactions_worth_naming) co_return;
  note("vacuum_held_back",
       fmt::format("{} holds VACUUM back by {} transactions: what was replaced since then stays",
                   (*holder)->description, (*holder)->transactions));
}

asio::awaitable<void> TableCare::end_sweep() {
  end_told_ = true;
  advice_.clear();
  const std::function<asio::awaitable<Result<std::optional<HorizonHolder>>>(pg::Connection*)> ask =
      [](pg::Connection* connection) { return read_horizon_holder(connection); };
  const Result<std::optional<HorizonHolder>> holder =
      co_await link_.attempt<std::optional<HorizonHolder>>(ask);
  if (holder && *holder && (*holder)->transactions >= transactions_worth_naming) {
    advice_.push_back(fmt::format(
        "{} holds VACUUM back by {} transactions: end it first, or nothing can be removed",
        (*holder)->description, (*holder)->transactions));
  }
  const std::string table = quote_name(table_.name);
  advice_.push_back(
      vacuums_ > 0
          ? fmt::format("the job has had {} vacuumed {} time{}: that no longer made room", table,
                        vacuums_, vacuums_ == 1 ? "" : "s")
          : fmt::format("VACUUM {} makes room for what comes next: by hand, or with safety.vacuum: "
                        "auto by the job itself",
                        table));
  advice_.emplace_back(
      "or let it grow further: a larger safety.max_growth in the job file, or by `backfill set`");
  if (audience_.tell) audience_.tell(StopRequested{false, end_text_});
}

void TableCare::stop() {
  stopping_ = true;
  timer_.cancel();
  link_.abort();
  maintenance_.stop();
}

void TableCare::note(std::string reason, std::string text) {
  if (on_note) on_note(std::move(reason), std::move(text));
}

}  // namespace backfill::run
