#pragma once

#include "core/slot_wal.hpp"
#include "signals/source.hpp"

namespace backfill {

/// What replication slots keep of the log: by `throttle.slot_wal`, and by what the server lets them
/// keep. Always on; shown to every role.
class SlotWalSignal final : public SignalSource {
 public:
  [[nodiscard]] std::string name() const override { return "slot_wal"; }
  [[nodiscard]] Duration interval() const override { return std::chrono::seconds{2}; }
  void set(const ThrottleSettings& settings) override { slots_.set(settings); }
  pg::asio::awaitable<Result<Reading>> read(pg::Connection* connection) override;

 private:
  SlotWal slots_;
};

}  // namespace backfill
