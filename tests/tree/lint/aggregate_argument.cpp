#include "task.hpp"

namespace sample {

Task<int> run() {
  const int sent = co_await send(Request{.text = "one", .limit = 1});
  co_return sent;
}

}  // namespace sample
