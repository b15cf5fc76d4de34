#include "pg/roll_back.hpp"

#include <string>
#include <utility>

namespace backfill::pg {

namespace {

constexpr Duration deadline = std::chrono::seconds{5};
/// A cancel that was meant for what failed may come late and hit the ROLLBACK itself, once.
constexpr int tries = 2;

}  // namespace

asio::awaitable<void> roll_back(Connection* connection) {
  for (int i = 0; i < tries && connection->usable(); ++i) {
    std::string rollback = "ROLLBACK";
    const Result<void> ended = co_await connection->script(std::move(rollback), deadline);
    // The failure that matters is the one that led here; a connection that cannot even roll back
    // says so at its next use.
    if (ended) co_return;
  }
}

}  // namespace backfill::pg
