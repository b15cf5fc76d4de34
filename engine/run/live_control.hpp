#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "backfill/job.hpp"
#include "backfill/result.hpp"
#include "checkpoint/wishes.hpp"
#include "config/live_setting.hpp"
#include "run/control_desk.hpp"
#include "run/run.hpp"

namespace backfill::run {

struct Session;

/// Puts into effect what operators want of a running job: pause, resume, stop, other settings. What
/// it reads is not trusted: a setting that the job file could not have is refused here once more.
class LiveControl {
 public:
  explicit LiveControl(Session* session);

  /// Once the lease is held, and before anything is built from the job's settings: notes what the
  /// file says, and takes over what was set or paused before.
  asio::awaitable<Result<void>> open();

  /// Where the runner listens from now on; null where the control schema is too old for it.
  [[nodiscard]] ControlDesk* desk() { return desk_.get(); }

  /// Waits while a pause, or a signal that says when the job may work, lets nothing begin; an
  /// outcome when the run is to end instead.
  asio::awaitable<std::optional<Outcome>> wait_while_held();

  /// Of a run that does not wait: ends it, with this reason.
  void on_hold(const std::string& reason);

  /// "paused by alice@host since …"; empty when it is not.
  [[nodiscard]] std::string pause_text() const;

 private:
  void hear(const Wishes& wishes);
  void hear_settings(const std::vector<StoredSetting>& stored);
  void hear_pause(const std::optional<Pause>& pause);
  void hear_stop(const std::optional<StopWish>& stop);
  [[nodiscard]] Job job_with(const std::vector<Setting>& settings);
  void put_into_effect(const Job& changed);

  Session* session_;
  Job filed_;  ///< as the job file has it
  std::unique_ptr<ControlDesk> desk_;
  std::vector<Setting> applied_;
  std::optional<Pause> pause_;
  std::optional<StopWish> stop_;
  asio::steady_timer timer_;
};

}  // namespace backfill::run
