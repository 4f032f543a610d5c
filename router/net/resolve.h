#pragma once
#include <sys/socket.h>

#include <string>
#include <vector>

#include "router/base/clock.h"
#include "router/base/result.h"
#include "router/net/loop.h"

namespace router::net {

// The addresses of a host (name or literal) with the port set. Names are asked on libuv's pool. An
// answer that has not come at `by` is kTimeout, whatever the resolver does afterwards; a name that
// has none is kConnect. On the loop's thread.
Task<Result<std::vector<sockaddr_storage>>> Resolve(Loop& loop, std::string host, uint16_t port,
                                                    SteadyTime by);

}  // namespace router::net
