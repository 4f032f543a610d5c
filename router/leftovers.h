#pragma once
#include <set>
#include <string>

#include "router/base/result.h"
#include "router/config/config.h"
#include "router/store/ledger_reader.h"

namespace router {

// Are new instances held for it?
bool Holds(const config::Application& application);
// Is what would have been held only looked at?
bool Observes(const config::Application& application);

// Error kBadConfig where clients are owed reports of storage commitment that nobody would make.
// Blocks.
Result<> CheckOwedCommitments(const config::Config& config, store::LedgerReader& reader);

// Error kBadConfig where Sluice would not start with this configuration, because an application is
// not in it for which the store still has something. Blocks; any thread.
Result<> CheckLeftovers(const config::Config& config, store::LedgerReader& reader);

// Applications for which the store has open rows from before: each needs its gate, whatever the
// configuration now says of holding. Error kBadConfig where nobody would look after some of them,
// saying of which application, how many, and what to do. Blocks.
using Leftovers = std::set<std::string>;
Result<Leftovers> FindLeftovers(const config::Config& config, store::LedgerReader& reader);

}  // namespace router
