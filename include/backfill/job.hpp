#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backfill/enforce.hpp"
#include "backfill/qualified_name.hpp"
#include "backfill/units.hpp"

/// A job as its file describes it. Every default lives here and nowhere else.
namespace backfill {

enum class JobKind { backfill, type_copy };

/// `add: - column: email_normalized text`
struct AddColumn {
  std::string column;  ///< unquoted
  std::string type;    ///< SQL
  friend bool operator==(const AddColumn&, const AddColumn&) = default;
};

/// `set: {email_normalized: lower(trim(email))}`
struct SetColumn {
  std::string column;      ///< unquoted
  std::string expression;  ///< SQL
  friend bool operator==(const SetColumn&, const SetColumn&) = default;
};

/// `columns: {confidence: {type: double precision, using: …, back: …}}`
struct ChangeColumn {
  std::string column;  ///< unquoted
  std::string type;    ///< SQL; what the column becomes
  std::string with;    ///< SQL expression of the new value (`using`); default: a cast to `type`
  std::optional<std::string> back;  ///< SQL expression of the old value; absent: a cast back
  friend bool operator==(const ChangeColumn&, const ChangeColumn&) = default;
};

enum class SwitchMode { automatic, manual };

/// What a concurrent write does whose value has no counterpart in the other type.
enum class CastErrors {
  record,  ///< it succeeds; the counterpart stays NULL, and the proof finds the row
  fail,    ///< it fails with the error of the expression
};

/// What only `kind: type-copy` has.
struct TypeCopySettings {
  std::vector<ChangeColumn> columns;
  /// Columns whose foreign keys point at those that change take the same type in the same job.
  bool include_references = false;
  SwitchMode switch_mode = SwitchMode::automatic;
  /// How long after the switch the old column may be dropped; absent: whenever somebody asks.
  std::optional<std::chrono::milliseconds> drop_after;
  CastErrors on_cast_error = CastErrors::record;
  /// How long the job waits for transactions that are older than its trigger.
  std::chrono::milliseconds transaction_wait{std::chrono::hours{1}};
  friend bool operator==(const TypeCopySettings&, const TypeCopySettings&) = default;
};

struct BatchSettings {
  /// How long a batch's statement should take; absent means auto: about 10 ms beside other
  /// writers, 50 ms alone (a foreground write waits about one batch at most).
  std::optional<std::chrono::milliseconds> target;
  RowCount min_rows{10};
  RowCount max_rows{50'000};
  std::optional<RowCount> fixed_rows;  ///< absent: the size follows the target
  friend bool operator==(const BatchSettings&, const BatchSettings&) = default;
};

struct PaceSettings {
  int connections = 4;  ///< a ceiling; the engine finds its own level under it
  BatchSettings batch;
  std::optional<RowCount> rows_per_second;
  /// Visits to each range of the key, each for another part of its rows: 1, 2, 4 or 8; absent means
  /// auto, by what the table and its indexes are.
  std::optional<int> stripes;
  friend bool operator==(const PaceSettings&, const PaceSettings&) = default;
};

struct ReplicaLagSettings {
  std::chrono::milliseconds slow{1'000};
  std::chrono::milliseconds stop{5'000};
  std::vector<std::string> ignore;  ///< application_name of standbys that may lag
  /// Connection strings of standbys that are asked themselves. They may hold passwords: never
  /// shown.
  std::vector<std::string> standbys;
  friend bool operator==(const ReplicaLagSettings&, const ReplicaLagSettings&) = default;
};

/// A number read from the database: between `slow` and `stop` the pace falls.
struct QueryThrottle {
  std::string sql;
  double slow = 0;
  double stop = 0;
  friend bool operator==(const QueryThrottle&, const QueryThrottle&) = default;
};

/// A number that is counted: between `slow` and `stop` the pace falls.
struct CountThrottle {
  std::int64_t slow = 0;
  std::int64_t stop = 0;
  friend bool operator==(const CountThrottle&, const CountThrottle&) = default;
};

/// Bytes a second.
struct ByteRateThrottle {
  ByteCount slow;
  ByteCount stop;
  friend bool operator==(const ByteRateThrottle&, const ByteRateThrottle&) = default;
};

/// Bytes that pile up: between `slow` and `stop` the pace falls.
struct ByteThrottle {
  ByteCount slow;
  ByteCount stop;
  friend bool operator==(const ByteThrottle&, const ByteThrottle&) = default;
};

/// What the job does while autovacuum works on its table to prevent wraparound.
enum class WraparoundVacuum { ignore, slow, stop };

/// A daily window, by the wall clock of a time zone that the server knows. It crosses midnight when
/// it ends before it begins.
struct TimeWindow {
  int from_minute = 0;   ///< of the day
  int until_minute = 0;  ///< excluded; 24 * 60 is the end of the day
  std::string zone;
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

struct ThrottleSettings {
  ReplicaLagSettings replica_lag;
  std::chrono::milliseconds lock_wait{250};  ///< how long another session may wait for our batch
  std::optional<QueryThrottle> query;
  std::optional<TimeWindow> window;              ///< absent: always
  std::optional<std::string> flag_file;          ///< nothing starts while it is there
  std::optional<ByteRateThrottle> wal_rate;      ///< of the whole server
  std::optional<CountThrottle> archive_backlog;  ///< segments that wait to be archived
  std::optional<CountThrottle> xmin_age;         ///< transactions that the oldest snapshot is old
  /// What one replication slot keeps of the log; absent: only slots in use that are about to lose
  /// it count.
  std::optional<ByteThrottle> slot_wal;
  WraparoundVacuum wraparound_vacuum = WraparoundVacuum::slow;
  friend bool operator==(const ThrottleSettings&, const ThrottleSettings&) = default;
};

enum class UserTriggers { fire, bypass };

struct SafetySettings {
  std::chrono::milliseconds lock_timeout{1'000};
  std::chrono::milliseconds statement_timeout{30'000};
  int retries = 10;  ///< of one range, in a row, before the job gives up
  UserTriggers user_triggers = UserTriggers::fire;
  friend bool operator==(const SafetySettings&, const SafetySettings&) = default;
};

/// What becomes of a row that fails for its own reason.
struct OnError {
  /// As many of them at most are set aside while the job goes on; absent: the job stops at the
  /// first.
  std::optional<int> quarantine;
  friend bool operator==(const OnError&, const OnError&) = default;
};

struct Job {
  int version = 1;
  JobKind kind = JobKind::backfill;
  std::string name;  ///< default: the file's stem
  std::string file;  ///< where it was read from, for messages
  std::optional<std::string> database;
  QualifiedName table;
  std::vector<std::string> key;  ///< unquoted column names; empty: discovered
  std::vector<AddColumn> add;
  std::vector<SetColumn> set;
  std::optional<std::string> where;
  std::vector<std::string> preserve;  ///< unquoted columns that keep their values
  std::vector<EnforceStep> enforce;
  TypeCopySettings type_copy;
  PaceSettings pace;
  ThrottleSettings throttle;
  SafetySettings safety;
  OnError on_error;

  friend bool operator==(const Job&, const Job&) = default;
};

}  // namespace backfill
