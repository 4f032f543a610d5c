#pragma once
#include <functional>
#include <string>

#include "router/base/result.h"
#include "router/config/config.h"

namespace router {

// Our address as an application sees it: numeric. Errors say why it is not known.
using OurAddress = std::function<Result<std::string>(const config::Endpoint& application)>;

// What `sluice worksheet` prints: for each application with profile aria that has an address, what
// to enter in Varian's "Trusted Application Entities". Errors: kNotFound where there is none,
// kBadConfig where nothing of ours can be entered (a listener on any free port, or on another
// address), and those of `our_address`.
Result<std::string> Worksheet(const config::Config& config, const OurAddress& our_address);

// The port at which an application reaches us at this address of ours. Errors: kBadConfig, where
// there is none, or another one after each start.
Result<uint16_t> OurPort(const config::Config& config, const std::string& address);

// The local address from which this machine would call there, by its routes; nothing is sent.
// Blocks while a name is resolved.
Result<std::string> RoutedFrom(const config::Endpoint& there);

}  // namespace router
