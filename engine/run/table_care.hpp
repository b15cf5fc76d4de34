#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/qualified_name.hpp"
#include "core/engine.hpp"
#include "core/growth_rule.hpp"
#include "run/children.hpp"
#include "run/control_link.hpp"
#include "run/maintenance.hpp"

namespace backfill::run {

/// Looks after the table that is being swept: reads its size, has it vacuumed, and ends the sweep
/// before the table has grown beyond `safety.max_growth`. What is to be done is the rule's to say.
class TableCare {
 public:
  struct Table {
    QualifiedName name;
    std::uint32_t oid = 0;
    TableStart start;
  };
  /// The sweep that changes it.
  struct Audience {
    std::function<void(Event)> tell;
    std::function<SweepWork()> work;
  };

  TableCare(asio::any_io_executor executor, pg::ConnectOptions options, SafetySettings settings,
            std::uint64_t seed);

  /// Told what an operator should read: a short stable reason, and a sentence.
  std::function<void(std::string reason, std::string text)> on_note;

  void set(SafetySettings settings);

  /// From now on, until `leave`. With a limit nothing begins before the table has been read.
  void attend(Table table, Audience audience);
  void leave();

  /// To be called several times a second: a reading that does not come back must not hide for how
  /// long it has not.
  void decide();

  /// Reads and vacuums until `stop`, which cancels a VACUUM that runs.
  asio::awaitable<void> watch();
  void stop();

  /// One statement of maintenance now, between sweeps.
  asio::awaitable<Result<void>> run_now(std::string sql);
  /// Cancels it, and lets none begin any more.
  void interrupt() { maintenance_.stop(); }

  /// The server process of the statement that runs; 0: none does.
  [[nodiscard]] int backend_pid() const { return maintenance_.backend_pid(); }
  /// Lets go of the table for whoever waits for it.
  void give_way(const std::string& who);

  /// Tells who keeps what has been replaced from being removed, if somebody does.
  void name_holder_soon() { holder_wanted_ = true; }

  /// Once it has ended a sweep: why no VACUUM helps, and what to do.
  [[nodiscard]] const std::vector<std::string>& advice() const { return advice_; }

 private:
  void tell_allowed(const GrowthVerdict& verdict);
  void start_vacuum(const SweepWork& work);
  asio::awaitable<void> vacuum(QualifiedName table, std::uint64_t visit);
  asio::awaitable<void> read();
  asio::awaitable<void> ask_right();
  [[nodiscard]] bool wants_right() const;
  [[nodiscard]] bool wants_reading() const;
  [[nodiscard]] SafetySettings permitted() const;
  asio::awaitable<void> name_holder();
  asio::awaitable<void> end_sweep();
  void note(std::string reason, std::string text);

  asio::any_io_executor executor_;
  SafetySettings settings_;
  ControlLink link_;
  Maintenance maintenance_;
  asio::steady_timer timer_;
  Children children_;

  Table table_;
  Audience audience_;
  std::optional<GrowthRule> rule_;  ///< while a sweep is attended
  std::uint64_t visit_ = 0;         ///< counts the sweeps
  Instant due_{};                   ///< the next reading
  std::string failure_;             ///< of the last reading
  bool limited_ = false;            ///< as last told
  std::optional<bool> may_vacuum_;  ///< absent until a VACUUM was wanted
  bool vacuuming_ = false;
  bool holder_wanted_ = false;
  int vacuums_ = 0;  ///< of this table, by us
  std::string end_text_;
  bool end_told_ = false;
  std::vector<std::string> advice_;
  bool stopping_ = false;
};

}  // namespace backfill::run
