#include "sim/oracle.hpp"

#include <algorithm>
#include <bit>

#include "core/sqlstate.hpp"
#include "sim/violation.hpp"

namespace backfill::sim {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

constexpr int most_actions_at_one_moment = 500;

SlotId slot_of(const Action& action) {
  return std::visit(
      [](const auto& a) {
        if constexpr (requires { a.slot; })
          return a.slot;
        else
          return SlotId{-1};
      },
      action);
}

std::optional<RangeId> range_of(const Action& action) {
  return std::visit(
      [](const auto& a) -> std::optional<RangeId> {
        if constexpr (requires { a.batch.range; })
          return a.batch.range;
        else if constexpr (requires { a.range; })
          return a.range;
        else
          return std::nullopt;
      },
      action);
}

}  // namespace

Oracle::Oracle(const SweepSettings& settings, const std::vector<KnownRange>& known, int slots,
               const Table& table)
    : settings_(settings),
      table_(table),
      lanes_(static_cast<std::size_t>(slots)),
      retries_least_(settings.safety.retries) {
  for (const KnownRange& range : known) {
    RangeView view;
    view.bounds = range.bounds;
    view.cursor = range.cursor;
    view.stripe = range.stripe;
    view.opened = true;
    view.closed = range.closed;
    ranges_.emplace(range.id, std::move(view));
  }
}

Oracle::Lane& Oracle::lane(SlotId slot) {
  require(slot.value >= 0 && slot.value < static_cast<int>(lanes_.size()), "no such slot");
  return lanes_[static_cast<std::size_t>(slot.value)];
}

Oracle::RangeView& Oracle::view(RangeId range) {
  const auto found = ranges_.find(range);
  require(found != ranges_.end(), "work on a range that was never opened");
  return found->second;
}

int Oracle::busy() const {
  return static_cast<int>(std::count_if(lanes_.begin(), lanes_.end(),
                                        [](const Lane& l) { return l.work.has_value(); }));
}

int Oracle::batches_in_flight() const {
  return static_cast<int>(std::count_if(lanes_.begin(), lanes_.end(), [](const Lane& l) {
    return l.work && std::holds_alternative<StartBatch>(*l.work);
  }));
}

// ---- what the engine hears -------------------------------------------------------------------

void Oracle::told(const Event& event, Instant, std::size_t keys) {
  require(!finish_, "an event came after the end");
  std::visit(
      Overloaded{
          [this](const BatchDone& e) {
            const Batch batch = std::get<StartBatch>(*lane(e.slot).work).batch;
            RangeView& range = view(batch.range);
            range.cursor = batch.ends_stripe ? range.bounds.after : batch.bounds.through;
            range.stripe.no += batch.ends_stripe ? 1 : 0;
            range.closed = range.closed || batch.closes_range;
            succeeds(range);
            searches(range, batch, nullptr, 0);
            rows_ += e.rows.value;
            bucket_ += static_cast<double>(e.rows.value);
            end_work(e.slot);
          },
          [this, keys](const BatchFailed& e) {
            const Batch batch = std::get<StartBatch>(*lane(e.slot).work).batch;
            RangeView& range = view(batch.range);
            if (e.error.kind == ErrorClass::ambiguous) {
              range.unsettled = true;
              range.doubt = {range.cursor, range.stripe.no,
                             batch.ends_stripe ? range.bounds.after : batch.bounds.through,
                             range.stripe.no + (batch.ends_stripe ? 1 : 0), batch.closes_range};
            }
            if (e.error.kind == ErrorClass::row && batch.keys.value <= 1) {
              failed_alone_.push_back(*batch.bounds.through);
            }
            searches(range, batch, &e.error, keys);
            fails(e.slot, e.error);
          },
          [this](const ProbeDone& e) {
            if (std::holds_alternative<StartProbe>(*lane(e.slot).work)) end_work(e.slot);
          },
          [this](const ProbeFailed& e) {
            if (std::holds_alternative<StartProbe>(*lane(e.slot).work))
              fails(e.slot, e.error);
            else
              ++probe_failures_;
          },
          [this](const RangeOpened& e) {
            RangeView& range = view(*range_of(*lane(e.slot).work));
            range.opened = true;
            succeeds(range);
            end_work(e.slot);
          },
          [this](const RangeClosed& e) {
            view(*range_of(*lane(e.slot).work)).closed = true;
            end_work(e.slot);
          },
          [this](const RangeFailed& e) {
            if (std::holds_alternative<CloseRange>(*lane(e.slot).work) &&
                e.error.sqlstate == sqlstate_checkpoint_moved) {
              RangeView& range = view(*range_of(*lane(e.slot).work));
              range.unsettled = true;
              range.doubt = {range.cursor, range.stripe.no, std::nullopt, range.stripe.no, false};
            }
            fails(e.slot, e.error);
          },
          [this](const RangeSettled& e) {
            RangeView& range = view(*range_of(*lane(e.slot).work));
            range.cursor = e.cursor;
            range.stripe.no = e.stripe;
            range.closed = e.closed;
            range.unsettled = false;
            range.doubt = {};
            rows_ += e.rows.value;
            end_work(e.slot);
          },
          [this](const SlotUp& e) { lane(e.slot).up = true; },
          [this](const SlotDown& e) { lane(e.slot).up = false; },
          [this](const PaceChanged& e) { stopped_ = e.stopped; },
          [this](const WaiterSeen& e) {
            const Lane& seen = lane(e.slot);
            if (seen.work && std::holds_alternative<StartBatch>(*seen.work) && !seen.canceled) {
              waited_for_ = e.slot;
              lane(e.slot).waited_for = true;
            }
          },
          [this](const SettingsChanged& e) {
            settings_.pace = e.pace;
            settings_.safety = e.safety;
            settings_changed_ = true;
            retries_least_ = std::min(retries_least_, e.safety.retries);
          },
          [this](const StopRequested&) { draining_ = true; },
          [this](const LeaseLost&) { lease_lost_ = true; },
          [](const auto&) {},  // Woken and news that promise nothing.
      },
      event);
}

void Oracle::fails(SlotId slot, const Error& error) {
  if (error.kind == ErrorClass::lease_lost) lease_lost_ = true;
  if (error.kind == ErrorClass::fatal) fatal_told_ = true;
  const std::optional<RangeId> range = range_of(*lane(slot).work);
  const bool gave_way = lane(slot).waited_for && error.sqlstate == "57014";
  if (!range)
    ++probe_failures_;
  else if (error.sqlstate == sqlstate_lock_timeout)
    ++view(*range).locked;
  else if (!gave_way)
    ++view(*range).failures;
  end_work(slot);
}

void Oracle::succeeds(RangeView& range) const {
  range.failures = 0;
  range.locked = 0;
}

/// A bad row is found in O(log n) tries that fail. What fails for another reason begins the search
/// anew, and so do rows that the live writer has put where it goes on.
void Oracle::searches(RangeView& range, const Batch& batch, const Error* error, std::size_t rows) {
  const std::int64_t through = KeyText::number(*batch.bounds.through);
  if (error == nullptr) {
    if (through >= range.search_through) range.search_tries = 0;
    return;
  }
  const bool grown = static_cast<std::int64_t>(rows) > batch.keys.value;
  if (error->kind != ErrorClass::row || grown) {
    range.search_tries = 0;
    return;
  }
  if (range.search_tries++ == 0) range.search_rows = 1;
  range.search_rows = std::max(range.search_rows, static_cast<std::uint64_t>(batch.keys.value));
  range.search_through = through;
  require(range.search_tries <= 4 + 2 * static_cast<int>(std::bit_width(range.search_rows)),
          "a bad row is not found by halving");
}

void Oracle::end_work(SlotId slot) {
  Lane& ended = lane(slot);
  if (const std::optional<RangeId> range = range_of(*ended.work)) view(*range).in_flight = false;
  ended.work.reset();
  ended.canceled = false;
  ended.waited_for = false;
}

// ---- what the engine asks for ----------------------------------------------------------------

void Oracle::asked(const Action& action, Instant now) {
  require(!finish_, "an action came after Finish");
  if (now != moment_) actions_at_moment_ = 0;
  moment_ = now;
  require(++actions_at_moment_ <= most_actions_at_one_moment, "the engine spins: livelock");
  std::visit(Overloaded{
                 [&](const StartBatch& a) {
                   check_start(a);
                   check_bucket(now);
                   begin_work(a.slot, action, true);
                 },
                 [&](const StartProbe& a) {
                   check_start(a);
                   begin_work(a.slot, action, true);
                 },
                 [&](const OpenRange& a) {
                   check_start(a);
                   begin_work(a.slot, action, true);
                 },
                 [&](const CloseRange& a) {
                   check_start(a);
                   begin_work(a.slot, action, false);
                 },
                 [&](const SettleRange& a) {
                   check_start(a);
                   begin_work(a.slot, action, false);
                 },
                 [this, now](const CancelSlot& a) {
                   require(lane(a.slot).work.has_value(), "a slot was canceled that does nothing");
                   lane(a.slot).canceled = true;
                   lane(a.slot).canceled_at = now;
                   if (waited_for_ == a.slot) waited_for_.reset();
                 },
                 [](const Note& a) { require(!a.reason.empty(), "a note has no reason"); },
                 [this](const Finish& a) {
                   check_finish(a);
                   finish_ = a;
                 },
             },
             action);
}

void Oracle::begin_work(SlotId slot, const Action& action, bool starts_anew) {
  Lane& chosen = lane(slot_of(action));
  require(chosen.up, "something was started on a slot that is down");
  require(!chosen.work, "a slot was given a second thing to do");
  require(!lease_lost_, "something was started after the lease was lost");
  if (starts_anew) {
    require(!stopped_, "something was started while the pace is stopped");
    require(!draining_, "something was started while draining");
    require(busy() < settings_.pace.connections, "more is in flight than connections allow");
  }
  if (const std::optional<RangeId> range = range_of(action)) {
    RangeView& touched = view(*range);
    require(!touched.in_flight, "a range was given a second thing in flight");
    touched.in_flight = true;
  }
  lane(slot).work = action;
  lane(slot).canceled = false;
  lane(slot).waited_for = false;
}

// ---- what the engine says of itself ----------------------------------------------------------

void Oracle::observe(const Engine& engine, Instant now) {
  require(finish_ || !waited_for_, "a batch that keeps another session waiting was not canceled");
  waited_for_.reset();
  const SweepState state = engine.state(now);
  require(!state.limited_by.empty(), "limited_by is empty");
  require(state.keys_done <= state.keys_probed, "more keys are done than were probed");
  require(state.slots_busy == busy(), "slots_busy is not what is in flight");
  require(state.rows.value == rows_, "the rows of the state are not those of its batches");
  check_watermark(state.watermark);
  if (finish_) return;
  check_cancels(engine, now);
  const std::optional<Instant> wake = engine.wake_at();
  require(!wake || *wake > now, "wake_at is not in the future");
}

void Oracle::check_watermark(const std::optional<KeyValue>& watermark) {
  if (watermark == watermark_) return;
  if (commits_lost_) {
    watermark_ = watermark;
    return;
  }
  require(watermark.has_value(), "the watermark fell");
  const std::int64_t to = KeyText::number(*watermark);
  require(!watermark_ || KeyText::number(*watermark_) < to, "the watermark fell");
  if (settings_.whole_table) {
    auto row = watermark_ ? table_.rows().upper_bound(KeyText::number(*watermark_))
                          : table_.rows().begin();
    for (; row != table_.rows().end() && row->first <= to; ++row) {
      require(!row->second.original || row->second.visits + row->second.named > 0,
              "the watermark passed a row that is not done");
    }
  }
  watermark_ = watermark;
}

}  // namespace backfill::sim
