#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/base/clock.h"
#include "router/hold/terms.h"
#include "router/store/row.h"
#include "router/store/spool.h"
#include "rules/decisions.h"

namespace router::session {

struct ApplicationRuntime;

// What rules settled for one instance that is stored; as built, what the configuration says.
struct StoreTerms {
  hold::Terms hold;
  bool queue = false;  // durable, then sent by the sender, though it could be sent at once
  std::optional<WallTime> not_before;
  store::Priority priority = store::Priority::kMedium;
};
StoreTerms TermsOf(const rules::Decisions& decided, WallTime now);

// When the window is open next: `now` if it is open. Local time, clock changes and all.
WallTime OpensAt(const rules::Window& window, WallTime now);

// An instance of the spool, with the part that it is written in while it has no row.
struct SpooledPart {
  std::unique_ptr<store::SpoolWriter> part;
  store::SpoolFile file;
};

class Services;

// Writes an instance into the spool, in place of what was received of it. Errors: kDisk; nothing
// of it is left then.
net::Task<Result<SpooledPart>> WritePart(Services& services, Buffer header, Buffer data_set);

// A copy of an instance that is stored, for another application.
struct StoreCopy {
  const config::Application* application = nullptr;
  ApplicationRuntime* runtime = nullptr;
  AeTitle calling_as;  // our title there
  StoreTerms terms;
  SpooledPart own;   // what was edited for it; no part: the same bytes
  std::string note;  // what was done to it
};

}  // namespace router::session
