#include "core/stripe_gain.hpp"

#include <fmt/format.h>

namespace backfill {
namespace {

/// Rows that tell something; a segment of several ranges.
constexpr double rows_enough = 10'000;
/// About so many are remembered: a snapshot that held everything may be gone.
constexpr double rows_remembered = 100'000;
/// A later visit that does better by so much than a first one was worth it (57 % were measured
/// against 0 with 4 stripes), and so is one at which half of the rows stay.
constexpr double better_by = 0.1;
constexpr double well = 0.5;

}  // namespace

void StripeGain::Visits::add(RowCount changed, RowCount stayed) {
  rows += static_cast<double>(changed.value);
  hot += static_cast<double>(stayed.value);
  if (rows <= rows_remembered) return;
  hot *= rows_remembered / rows;
  rows = rows_remembered;
}

bool StripeGain::Visits::known() const {
  return rows >= rows_enough;
}

void StripeGain::on_batch(const Stripe& stripe, RowCount rows, RowCount hot) {
  if (stripe.of == 1) return;
  (stripe.no == 0 ? first_ : later_).add(rows, hot);
}

std::optional<bool> StripeGain::pays() const {
  if (!first_.known() || !later_.known()) return std::nullopt;
  return later_.share() >= first_.share() + better_by || later_.share() >= well;
}

std::string StripeGain::text() const {
  if (!first_.known() || !later_.known()) return {};
  return fmt::format(
      "{:.0f} % of the rows of first visits stayed on their page, {:.0f} % of those of later ones",
      100 * first_.share(), 100 * later_.share());
}

}  // namespace backfill
