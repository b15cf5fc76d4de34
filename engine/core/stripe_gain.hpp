#pragma once

#include <optional>
#include <string>

#include "backfill/units.hpp"
#include "core/work.hpp"

namespace backfill {

/// Whether visiting a range in stripes does what it is for, by what the visits have found: of the
/// rows that they changed, those that stayed on their page (HOT).
///
/// A first visit finds what room the pages have; a later one also what the one before has left,
/// unless somebody's snapshot still sees it, or the pages are full of something else. So later
/// visits should do better than first ones. Where free space on the pages (fillfactor) is enough
/// for all, both do well, and only because each asks for a part of it.
class StripeGain {
 public:
  void on_batch(const Stripe& stripe, RowCount rows, RowCount hot);

  /// Absent until enough has been seen of both. What was seen long ago counts less and less.
  [[nodiscard]] std::optional<bool> pays() const;

  /// "2 % of the rows of first visits stayed on their page, 76 % of those of later ones"; empty
  /// until both are known.
  [[nodiscard]] std::string text() const;

 private:
  struct Visits {
    double rows = 0;
    double hot = 0;
    void add(RowCount changed, RowCount stayed);
    [[nodiscard]] double share() const { return rows > 0 ? hot / rows : 0; }
    [[nodiscard]] bool known() const;
  };

  Visits first_;
  Visits later_;
};

}  // namespace backfill
