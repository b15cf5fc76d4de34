#include "sim/pace_wal.hpp"

#include <algorithm>
#include <cmath>

namespace backfill::sim::pace {

namespace {

/// wal_receiver_status_interval: a reply comes at least that often.
constexpr Duration reply_interval = std::chrono::seconds{10};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void WalLine::set_rate(double bytes_per_second, Instant now) {
  if (pieces_.back().rate == bytes_per_second) return;
  const double position = at(now);
  if (pieces_.back().from == now) pieces_.pop_back();
  pieces_.push_back({now, position, bytes_per_second});
}

double WalLine::at(Instant when) const {
  auto after = std::ranges::upper_bound(pieces_, when, {}, &Piece::from);
  if (after == pieces_.begin()) return pieces_.front().position;
  const Piece& piece = *std::prev(after);
  return piece.position + piece.rate * seconds(when - piece.from);
}

Instant WalLine::passed(double position, Instant now) const {
  auto after = std::ranges::upper_bound(pieces_, position, {}, &Piece::position);
  if (after == pieces_.begin()) return pieces_.front().from;
  const Piece& piece = *std::prev(after);
  const Instant end = after == pieces_.end() ? now : std::min(now, after->from);
  if (piece.rate <= 0) return end;
  const double into = std::min((position - piece.position) / piece.rate, seconds(end - piece.from));
  return piece.from + Duration(std::llround(into * 1e6));
}

/// Within a piece of the source it arrives evenly, so what is applied is the lesser of what the
/// standby could do since then and of what has arrived.
void Standby::advance(Instant to) {
  const auto& pieces = wal_->pieces();
  while (at_ < to) {
    const Instant source = at_ - delay_;
    while (piece_ + 1 < pieces.size() && pieces[piece_ + 1].from <= source) ++piece_;
    Instant end = to;
    if (piece_ + 1 < pieces.size()) end = std::min(end, pieces[piece_ + 1].from + delay_);
    double arrived = source < pieces.front().from
                         ? pieces.front().position
                         : pieces[piece_].position +
                               pieces[piece_].rate * seconds(end - delay_ - pieces[piece_].from);
    if (!receives()) arrived = std::min(arrived, received_);
    const double could = applied_ + rate_ * seconds(end - at_);
    applied_ = std::max(applied_, std::min(could, arrived));
    at_ = end;
  }
}

double Standby::applied(Instant now) {
  advance(now);
  return std::floor(applied_ + 0.01);
}

void Standby::set_apply_rate(double bytes_per_second, Instant now) {
  advance(now);
  rate_ = bytes_per_second;
}

void Standby::freeze(Instant now) {
  static_cast<void>(shown(now));
  received_ = wal_->at(now);
  frozen_ = true;
}

void Standby::thaw(Instant now) {
  advance(now);
  frozen_ = false;
}

void Standby::disconnect(Instant now) {
  advance(now);
  received_ = wal_->at(now);
  connected_ = false;
}

void Standby::connect(Instant now) {
  advance(now);
  connected_ = true;
  told_at_ = now;
}

Standby::Shown Standby::shown(Instant now) {
  const double before = told_.replayed;
  advance(now);
  if (!receives()) {
    told_.reply_age = now - told_at_;
    return told_;
  }
  told_.replayed = applied(now);
  const double end = std::floor(wal_->at(now) + 0.01);
  // The reported lag comes with progress: it is gone when there is none to make, and stands still
  // while the standby stalls.
  if (told_.replayed >= end) {
    told_.replay_lag.reset();
  } else if (told_.replayed > before) {
    told_.replay_lag = now - wal_->passed(told_.replayed, now);
  }
  // It answers for what it was sent as soon as it has written that.
  const bool answers = end > told_.received || told_.replayed > before;
  told_.received = end;
  if (answers || now - told_at_ >= reply_interval) told_at_ = now;
  told_.reply_age = now - told_at_;
  return told_;
}

}  // namespace backfill::sim::pace
