#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "router/config/config.h"

namespace router {

// The steps in which `sluice test` calls an application, each only if those before it went well:
// the connection, the association, C-ECHO, a C-FIND for a study that does not exist, and a C-MOVE
// of that to our title, where it is one that receives what is moved.
enum class TrialStep : uint8_t { kTcp, kTrust, kEcho, kFind, kMove };
std::string_view NameOf(TrialStep step);

struct TrialResult {
  enum class Outcome : uint8_t { kPassed, kFailed, kNotOffered, kUnclear };
  TrialStep step = TrialStep::kTcp;
  Outcome outcome = Outcome::kPassed;
  std::string said;    // what was answered; empty where it passed
  std::string advice;  // what somebody has to do; empty where it did not fail
};

// One application, called under one title of ours.
struct Trial {
  std::string application;
  config::Endpoint address;
  AeTitle calling, called;
  bool only_title = true;   // false: it was tried under others as well
  bool receives = false;    // what is moved is to come to this title
  std::string our_address;  // the local end of the connection; empty: there was none
  uint16_t our_port = 0;    // at which it would call us there; 0: at none that is configured
  std::vector<TrialResult> results = {};

  bool Passed() const;
};

struct TrialOptions {
  std::vector<AeTitle> also_as = {};  // further calling titles, such as those of clients
};

// Calls each of the applications (all with an address), all at once, and each under one title after
// the other (TitlesTowards, then options), by its own timeouts. In the order of `applications`. On
// an event loop of its own, on this thread; nothing of a running Sluice takes part.
std::vector<Trial> TryApplications(const config::Config& config,
                                   const std::vector<const config::Application*>& applications,
                                   const TrialOptions& options = {});

// `RTPACS 10.1.0.20:104 tcp ok, REJECTED: … -> ask its owner to add SLUICE, 10.1.0.40`
std::string AsLine(const Trial& trial);
// {"applications": [{"application", "address", "calling", "called", "our_address", "our_port",
// "passed", "steps": [{"step", "outcome", "said", "advice"}]}]}, indented.
std::string AsJson(const std::vector<Trial>& trials);

}  // namespace router
