#include "pg/resolve.hpp"

#include <algorithm>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>

#include "pg/helper_thread.hpp"

namespace backfill::pg {

namespace {

struct Lookup {
  int status = 0;
  std::vector<std::string> addresses;
};

void look_up(const std::string& host, Lookup& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  lookup.status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (lookup.status != 0) return;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    const auto& known = lookup.addresses;
    if (std::find(known.begin(), known.end(), text) == known.end()) {
      lookup.addresses.emplace_back(text);
    }
  }
  ::freeaddrinfo(list);
  if (lookup.addresses.empty()) lookup.status = EAI_NONAME;
}

Error lookup_error(const std::string& host, int status) {
  Error error;
  const bool temporary = status == EAI_AGAIN || status == EAI_SYSTEM || status == EAI_MEMORY;
  error.kind = temporary ? ErrorClass::reconnect : ErrorClass::fatal;
  error.message = "the host name \"" + host + "\" cannot be resolved: " + ::gai_strerror(status);
  error.hint = temporary ? "The name service did not answer; check the name and the network."
                         : "Check the spelling of the host in the database URL.";
  return error;
}

}  // namespace

bool needs_no_lookup(const std::string& host) {
  if (host.empty() || host.front() == '/' || host.front() == '@') return true;
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  return !not_an_address;
}

asio::awaitable<Result<std::vector<std::string>>> resolve(asio::any_io_executor executor,
                                                          std::string host, Instant deadline) {
  const auto lookup = std::make_shared<Lookup>();
  HelperThread thread(executor);
  const bool started = thread.start([lookup, host] { look_up(host, *lookup); });
  if (!started) co_return lookup_error(host, EAI_MEMORY);
  const bool in_time = co_await thread.finished(deadline);
  if (!in_time) co_return lookup_error(host, EAI_AGAIN);
  if (lookup->status != 0) co_return lookup_error(host, lookup->status);
  co_return std::move(lookup->addresses);
}

}  // namespace backfill::pg
