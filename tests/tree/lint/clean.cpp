#include <utility>

#include "task.hpp"

namespace sample {

Task<int> run(std::string name) {
  Request request{.text = std::move(name), .limit = 2};
  const auto sent = co_await send(std::move(request));
  const auto measure = [](int value) { return value * 2; };
  const auto called = co_await call(measure);
  if (sent > called) co_return 1;
  const auto named = co_await send_named(1);
  if (named > called) co_return 2;
  for (int round = 0; round < 3; ++round) {
    const auto more = co_await count(round);
    if (more == 0) break;
  }
  co_return sent == 0 ? called : sent;
}

}  // namespace sample
