#pragma once
#include "router/session/services.h"

namespace router::session {

using net::Task;

// The way of one connection, from accept to close: who calls, as what, and then one of three: a
// client's association with an application, an application's sub-operations, or a C-ECHO to us.
// A root task on the connection's loop, which takes the socket over.
Task<> Serve(Services& services, net::Loop& loop, int socket);

}  // namespace router::session
