#include "pg/clock.hpp"
#include "pg/implementation.hpp"

namespace backfill::pg {

// PQcancel of libpq 15 blocks for a connection of its own, so it runs on a helper thread, with a
// PGcancel taken here, where the connection lives.
void Connection::Implementation::request_cancel() {
  if (!in_flight_ || !alive() || cancel_.running()) return;
  const std::shared_ptr<PGcancel> handle{PQgetCancel(connection_.get()), LibpqDeleter{}};
  if (!handle) return;
  // Whether the request got through shows in what the server answers: its failure is not reported,
  // the deadline's grace deals with it.
  (void)cancel_.start([handle] {
    char complaint[256];
    (void)PQcancel(handle.get(), complaint, sizeof complaint);
  });
}

asio::awaitable<bool> Connection::Implementation::settle() {
  if (!alive() || !cancel_.running()) co_return alive();
  // A request that is still on its way would hit whatever this connection runs next.
  const bool ended = co_await cancel_.finished(now() + cancel_grace);
  if (!ended) lose("a cancel request could not be delivered");
  co_return alive();
}

}  // namespace backfill::pg
