#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "backfill/error.hpp"
#include "core/random.hpp"
#include "core/time.hpp"

namespace backfill::pg {

/// What is happening to one place of the pool.
enum class LifeState {
  disconnected,  ///< nobody has wanted it yet
  connecting,
  idle,     ///< connected and free to be leased
  busy,     ///< leased
  resting,  ///< waits before it connects again
  retired,  ///< closed for good, by wish
  given_up  ///< closed for good, since no retry can help or the outage lasted too long
};

struct LifeLimits {
  Duration backoff_base = std::chrono::milliseconds{100};
  Duration backoff_cap = std::chrono::seconds{5};
  /// How long connecting may fail in a row before the place gives up.
  Duration outage_max = std::chrono::minutes{5};
};

namespace life {

// Events: what happened to the connection.
struct Wanted {};     ///< the pool needs this place
struct Connected {};  ///< the attempt succeeded
struct ConnectFailed {
  Error error;
};
struct Leased {};  ///< somebody works with it now
struct Returned {
  bool usable = false;
};  ///< they are done; unusable: it was lost meanwhile
struct LostIdle {};  ///< the server closed it while nobody used it
struct RestOver {};
struct Retire {};  ///< the pool shrinks or the run ends

// Actions: what the interpreter has to do, in this order.
struct Connect {};  ///< answered by Connected or ConnectFailed
struct Rest {
  Duration time;
};  ///< answered by RestOver
struct Offer {};  ///< there is a connection to lease
struct Close {};  ///< destroy the connection, end the attempt or the rest
struct GiveUp {
  Error error;
};  ///< this place is of no more use, for this reason

}  // namespace life

using LifeEvent = std::variant<life::Wanted, life::Connected, life::ConnectFailed, life::Leased,
                               life::Returned, life::LostIdle, life::RestOver, life::Retire>;
using LifeAction = std::variant<life::Connect, life::Rest, life::Offer, life::Close, life::GiveUp>;
using LifeActions = std::vector<LifeAction>;

/// The life of a pooled connection, without a socket or a clock:
///
///   disconnected --Wanted--> connecting --Connected--> idle --Leased--> busy --Returned--> idle
///   connecting --ConnectFailed--> resting --RestOver--> connecting, or given_up
///   idle --LostIdle--> connecting,  busy --Returned{unusable}--> connecting
///   any --Retire--> retired (busy: once returned)
///
/// A connection that has served is replaced at once when it is lost. A failed attempt, and a
/// connection lost before it has served (a server that accepts and drops), is followed by a rest:
/// exponential with equal jitter (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog,
/// 2015), so that the places of a pool do not come back in step. An event that does not fit the
/// state (an answer that was under way when the place retired) changes nothing, but for a
/// connection that arrives too late, which is closed.
class ConnectionLife {
 public:
  ConnectionLife(LifeLimits limits, std::uint64_t seed);

  [[nodiscard]] LifeActions on(const LifeEvent& event, Instant now);

  [[nodiscard]] LifeState state() const { return state_; }
  /// Why connecting fails at present; absent while it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

 private:
  LifeActions handle(const life::Wanted&, Instant now);
  LifeActions handle(const life::Connected&, Instant now);
  LifeActions handle(const life::ConnectFailed& event, Instant now);
  LifeActions handle(const life::Leased&, Instant now);
  LifeActions handle(const life::Returned& event, Instant now);
  LifeActions handle(const life::LostIdle&, Instant now);
  LifeActions handle(const life::RestOver&, Instant now);
  LifeActions handle(const life::Retire&, Instant now);
  LifeActions fail(const Error& error, Instant now);
  LifeActions replace(Instant now);
  LifeActions give_up(const Error& error);
  [[nodiscard]] Duration next_rest();
  [[nodiscard]] bool may_pass(const Error& error) const;

  LifeLimits limits_;
  Random random_;
  LifeState state_ = LifeState::disconnected;
  bool retiring_ = false;       ///< busy, to be closed once returned
  bool was_connected_ = false;  ///< it has worked before, so the address and password are right
  bool has_served_ = false;     ///< this very connection came back usable from a lease
  unsigned failures_ = 0;       ///< in a row, without a connection that served between
  Instant outage_started_;      ///< meaningful while failures_ > 0
  std::optional<Error> trouble_;
};

}  // namespace backfill::pg
