#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/time_zones.hpp"
#include "checkpoint/control_schema.hpp"
#include "checkpoint/runner_identity.hpp"
#include "checkpoint/status_query.hpp"
#include "checkpoint/wishes.hpp"
#include "core/time_window.hpp"
#include "pg/clock.hpp"
#include "run/process_user.hpp"
#include "run/run.hpp"
#include "run/setting_changes.hpp"

namespace backfill::run {

namespace {

using Kind = ControlRequest::Kind;

/// A runner that lives answers within a second.
constexpr Duration answer_limit = std::chrono::seconds{5};
/// Batches in flight end within their statement timeout; a stop that takes longer is said so.
constexpr Duration end_limit = std::chrono::seconds{30};
constexpr Duration look_interval = std::chrono::milliseconds{50};
/// Two operators at once: the second looks again at what the first has left.
constexpr int attempts_max = 5;

Requester requester() {
  Requester self;
  self.user = process_user();
  const RunnerIdentity process = identify_runner();
  self.host = process.host;
  self.pid = process.pid;
  return self;
}

Outcome outcome_of(ExitCode code, std::string summary, std::string next = {}) {
  Outcome outcome;
  outcome.code = code;
  outcome.summary = std::move(summary);
  outcome.next = std::move(next);
  return outcome;
}

Outcome failed(const Error& error) {
  return outcome_of(ExitCode::failed, describe(error), "the same command again");
}

/// Everything that one command sees: read anew after each.
struct View {
  backfill::JobStatus status;
  Wishes wishes;
};

std::string runner_of(const View& view) {
  return fmt::format("{} pid {}", view.status.host, view.status.pid.value_or(0));
}

asio::awaitable<Result<std::optional<View>>> look(pg::Connection* connection, std::string name) {
  Result<std::vector<backfill::JobStatus>> jobs =
      co_await backfill::read_status(connection, std::move(name));
  if (!jobs) co_return jobs.error();
  if (jobs->empty()) co_return std::optional<View>{};
  View view;
  view.status = std::move(jobs->front());
  const JobId job = view.status.id;
  Result<Wishes> wishes = co_await read_wishes(connection, job);
  if (!wishes) co_return wishes.error();
  view.wishes = *std::move(wishes);
  co_return std::optional<View>{std::move(view)};
}

/// What there is nothing to command for.
std::optional<Outcome> nothing_to_do(const ControlRequest& request, const View& view) {
  const std::string& name = view.status.name;
  const std::string status = "backfill status " + name;
  if (request.kind == Kind::stop) {
    if (view.status.held) return std::nullopt;
    return outcome_of(
        ExitCode::done,
        fmt::format("job {} is not being run by anybody: there is nothing to stop", name), status);
  }
  if (request.kind == Kind::resume && !view.wishes.pause) {
    return outcome_of(ExitCode::done, fmt::format("job {} is not paused", name), status);
  }
  if (request.kind == Kind::pause && view.wishes.pause) {
    return outcome_of(ExitCode::done,
                      fmt::format("job {} is paused already, by {} since {}", name,
                                  view.wishes.pause->by, view.wishes.pause->since),
                      "backfill resume " + name);
  }
  if (view.status.state == JobState::done && request.kind != Kind::resume && !view.status.held) {
    return outcome_of(ExitCode::refused, fmt::format("job {} is done already", name), status);
  }
  return std::nullopt;
}

std::string shown(const std::optional<std::string>& value) {
  return value.value_or("nothing");
}

/// "job w is paused", with what changed.
std::string effect_of(const Command& command, const View& view) {
  const std::string& name = view.status.name;
  switch (command.kind) {
    case Command::Kind::pause: return fmt::format("job {} is paused", name);
    case Command::Kind::resume: return fmt::format("job {} is resumed", name);
    case Command::Kind::stop: return fmt::format("job {} is asked to stop", name);
    case Command::Kind::set: break;
  }
  std::string text;
  for (const Command::Change& change : command.changes) {
    const StoredSetting* stored = find_setting(view.wishes, change.key);
    const std::optional<std::string> after =
        change.after ? change.after : (stored == nullptr ? std::nullopt : stored->file_value);
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", change.key, shown(change.before),
                        shown(after));
  }
  return fmt::format("job {}: {}", name, text);
}

std::string next_of(Command::Kind kind, const std::string& name) {
  if (kind == Command::Kind::pause) return "backfill resume " + name;
  return "backfill status " + name;
}

asio::awaitable<void> rest(asio::any_io_executor executor) {
  asio::steady_timer timer(executor, look_interval);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// What became of the command; `before` is what was seen when it was given.
asio::awaitable<Outcome> await_effect(asio::any_io_executor executor, pg::Connection* connection,
                                      View before, Command command, std::int64_t revision) {
  Outcome outcome = outcome_of(ExitCode::done, effect_of(command, before),
                               next_of(command.kind, before.status.name));
  if (!before.status.held) {
    outcome.details.push_back("nobody runs it now: this counts from its next run on");
    co_return outcome;
  }
  const bool stops = command.kind == Command::Kind::stop;
  const Instant asked = pg::now();
  const std::string name = before.status.name;
  bool answered = false;
  while (pg::now() - asked < (answered ? end_limit : answer_limit)) {
    std::string wanted = name;
    const Result<std::optional<View>> seen = co_await look(connection, std::move(wanted));
    if (!seen) co_return failed(seen.error());
    if (!*seen) break;
    const View& now = **seen;
    answered = answered || now.wishes.acknowledged >= revision;
    const bool gone = !now.status.held || now.status.epoch != before.status.epoch;
    if (stops && gone) {
      outcome.summary =
          fmt::format("job {} has stopped: {} has let go of it", name, runner_of(before));
      co_return outcome;
    }
    if (!stops && (answered || gone)) {
      outcome.details.push_back(
          answered ? fmt::format("its runner ({}) has confirmed", runner_of(before))
                   : "its runner has ended meanwhile: this counts from the "
                     "next run on");
      co_return outcome;
    }
    co_await rest(executor);
  }
  if (answered) {
    outcome.details.push_back(fmt::format(
        "its runner ({}) has confirmed; its batches in flight still go on, within their "
        "statement timeout",
        runner_of(before)));
    co_return outcome;
  }
  outcome.code = ExitCode::failed;
  outcome.details.push_back(fmt::format(
      "this is recorded, but its runner ({}) has not answered within 5 s: it may be gone, or of a "
      "version that takes no commands",
      runner_of(before)));
  outcome.next = "backfill status " + name;
  co_return outcome;
}

/// What only the server can tell of new settings.
asio::awaitable<Result<std::optional<std::string>>> refused_by_server(
    pg::Connection* connection, std::vector<Command::Change> changes) {
  for (const Command::Change& change : changes) {
    if (change.key != "throttle.window" || !change.after) continue;
    const Parsed<TimeWindow> window = parse_time_window(*change.after);
    if (!window) continue;  // "always"
    std::string zone = window->zone;
    const Result<bool> known = co_await knows_time_zone(connection, std::move(zone));
    if (!known) co_return known.error();
    if (!*known) {
      co_return std::optional<std::string>{
          fmt::format("throttle.window: this server knows no time zone \"{}\"; take one of "
                      "pg_timezone_names, such as Europe/London or UTC",
                      window->zone)};
    }
  }
  co_return std::optional<std::string>{};
}

Command::Kind kind_of(Kind kind) {
  switch (kind) {
    case Kind::pause: return Command::Kind::pause;
    case Kind::resume: return Command::Kind::resume;
    case Kind::stop: return Command::Kind::stop;
    case Kind::set: break;
  }
  return Command::Kind::set;
}

asio::awaitable<Outcome> command(asio::any_io_executor executor, pg::Connection* connection,
                                 ControlRequest request) {
  const Requester self = requester();
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    std::string name = request.job;
    Result<std::optional<View>> seen = co_await look(connection, std::move(name));
    if (!seen) co_return failed(seen.error());
    if (!*seen) {
      co_return outcome_of(ExitCode::failed,
                           fmt::format("job {} has never run in this database", request.job),
                           "backfill status");
    }
    const View view = **std::move(seen);
    const std::optional<Outcome> nothing = nothing_to_do(request, view);
    if (nothing) co_return *nothing;
    Command wanted;
    wanted.kind = kind_of(request.kind);
    wanted.stop.epoch = view.status.epoch;
    wanted.stop.cancel = request.cancel;
    if (request.kind == Kind::set) {
      const std::optional<Problem> problem = plan_changes(request, view.wishes, &wanted.changes);
      if (problem) {
        co_return outcome_of(ExitCode::usage, problem->message + "; nothing has been changed",
                             "backfill set --help");
      }
      const Result<std::optional<std::string>> refused =
          co_await refused_by_server(connection, wanted.changes);
      if (!refused) co_return failed(refused.error());
      if (*refused) {
        co_return outcome_of(ExitCode::usage, **refused + "; nothing has been changed",
                             "backfill set --help");
      }
      if (wanted.changes.empty()) {
        co_return outcome_of(
            ExitCode::done, fmt::format("job {}: every setting is the file's already", request.job),
            "backfill status " + request.job);
      }
    }
    const JobId job = view.status.id;
    const std::int64_t revision = view.wishes.revision;
    const Result<std::optional<std::int64_t>> written =
        co_await command_job(connection, job, revision, wanted, self);
    if (!written) co_return failed(written.error());
    if (!*written) continue;
    const std::int64_t given = **written;
    co_return co_await await_effect(executor, connection, view, wanted, given);
  }
  co_return outcome_of(ExitCode::failed,
                       fmt::format("others are giving job {} commands all the time", request.job),
                       "the same command again");
}

}  // namespace

asio::awaitable<Outcome> control_job(asio::any_io_executor executor, ControlRequest request) {
  pg::ConnectOptions options;
  options.conninfo = request.conninfo;
  options.application_name = "backfill: control";
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return failed(connected.error());
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  const Result<std::optional<int>> version = co_await read_control_schema_version(connection.get());
  if (!version) co_return failed(version.error());
  if (version->has_value() && **version < wishes_version) {
    co_return outcome_of(
        ExitCode::refused,
        fmt::format("the control schema has version {}, which takes no commands: the next run with "
                    "this version of the tool migrates it; nothing has been changed",
                    **version),
        "backfill status " + request.job);
  }
  if (!version->has_value()) {
    co_return outcome_of(ExitCode::failed,
                         fmt::format("job {} has never run in this database", request.job),
                         "backfill status");
  }
  co_return co_await command(executor, connection.get(), std::move(request));
}

}  // namespace backfill::run
