#pragma once

#include <coroutine>
#include <string>

/// The least coroutine that the samples need; only ever parsed.
namespace sample {

template <typename T>
struct Task {
  struct promise_type {
    Task get_return_object();
    std::suspend_never initial_suspend();
    std::suspend_never final_suspend() noexcept;
    void return_value(T value);
    void unhandled_exception();
  };
  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle);
  T await_resume();
};

struct Request {
  std::string text;
  int limit = 0;
};

Task<int> count(int start = 0);
Task<int> send(Request request);
Task<int> send_times(int times, Request request = {});
Task<int> send_named(int times, std::string name = {});

template <typename F>
Task<int> call(F function) {
  co_return static_cast<int>(function(1));
}

}  // namespace sample
