#include "pg/connection_life.hpp"

#include <algorithm>
#include <utility>

namespace backfill::pg {

ConnectionLife::ConnectionLife(LifeLimits limits, std::uint64_t seed)
    : limits_(limits), random_(seed) {}

LifeActions ConnectionLife::on(const LifeEvent& event, Instant now) {
  return std::visit([&](const auto& what) { return handle(what, now); }, event);
}

LifeActions ConnectionLife::handle(const life::Wanted&, Instant) {
  if (state_ != LifeState::disconnected) return {};
  state_ = LifeState::connecting;
  return {life::Connect{}};
}

LifeActions ConnectionLife::handle(const life::Connected&, Instant) {
  if (state_ == LifeState::retired || state_ == LifeState::given_up) return {life::Close{}};
  if (state_ != LifeState::connecting) return {};
  state_ = LifeState::idle;
  was_connected_ = true;
  has_served_ = false;
  trouble_.reset();
  return {life::Offer{}};
}

LifeActions ConnectionLife::handle(const life::ConnectFailed& event, Instant now) {
  if (state_ != LifeState::connecting) return {};
  return fail(event.error, now);
}

LifeActions ConnectionLife::fail(const Error& error, Instant now) {
  if (!may_pass(error)) return give_up(error);
  if (failures_ == 0) outage_started_ = now;
  ++failures_;
  const Duration outage = now - outage_started_;
  if (outage >= limits_.outage_max) return give_up(error);
  trouble_ = error;
  state_ = LifeState::resting;
  // The last rest ends with the limit, so that a last attempt is made there and not well before.
  return {life::Rest{std::min(next_rest(), limits_.outage_max - outage)}};
}

LifeActions ConnectionLife::replace(Instant now) {
  LifeActions actions{life::Close{}};
  if (has_served_) {
    state_ = LifeState::connecting;
    actions.emplace_back(life::Connect{});
    return actions;
  }
  Error error;
  error.kind = ErrorClass::reconnect;
  error.message = "the server dropped a connection before it was of any use";
  error.hint = "Look into the server's log, or that of the pooler in between.";
  for (LifeAction& action : fail(error, now)) actions.push_back(std::move(action));
  return actions;
}

LifeActions ConnectionLife::handle(const life::Leased&, Instant) {
  if (state_ == LifeState::idle) state_ = LifeState::busy;
  return {};
}

LifeActions ConnectionLife::handle(const life::Returned& event, Instant now) {
  if (state_ != LifeState::busy) return {};
  if (retiring_) {
    state_ = LifeState::retired;
    return {life::Close{}};
  }
  if (!event.usable) return replace(now);
  state_ = LifeState::idle;
  has_served_ = true;
  failures_ = 0;
  return {life::Offer{}};
}

LifeActions ConnectionLife::handle(const life::LostIdle&, Instant now) {
  if (state_ != LifeState::idle) return {};
  return replace(now);
}

LifeActions ConnectionLife::handle(const life::RestOver&, Instant) {
  if (state_ != LifeState::resting) return {};
  state_ = LifeState::connecting;
  return {life::Connect{}};
}

LifeActions ConnectionLife::handle(const life::Retire&, Instant) {
  switch (state_) {
    case LifeState::busy: retiring_ = true; return {};
    case LifeState::connecting:
    case LifeState::idle:
    case LifeState::resting: state_ = LifeState::retired; return {life::Close{}};
    case LifeState::disconnected: state_ = LifeState::retired; return {};
    case LifeState::retired:
    case LifeState::given_up: return {};
  }
  return {};
}

LifeActions ConnectionLife::give_up(const Error& error) {
  state_ = LifeState::given_up;
  trouble_ = error;
  return {life::GiveUp{error}};
}

Duration ConnectionLife::next_rest() {
  Duration ceiling = limits_.backoff_base;
  for (unsigned doubled = 1; doubled < failures_ && ceiling < limits_.backoff_cap; ++doubled) {
    ceiling *= 2;
  }
  ceiling = std::min(ceiling, limits_.backoff_cap);
  const Duration half = ceiling / 2;
  return half + Duration{static_cast<Duration::rep>(random_.unit() *
                                                    static_cast<double>((ceiling - half).count()))};
}

// A read-only server, once it has worked before, is a fail-over under way: the new primary has not
// been promoted yet.
bool ConnectionLife::may_pass(const Error& error) const {
  return error.kind == ErrorClass::reconnect || (was_connected_ && error.sqlstate == "25006");
}

}  // namespace backfill::pg
