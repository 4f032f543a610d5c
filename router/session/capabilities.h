#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/ul/negotiation.h"

namespace router::session {

// What an application accepted when it was last asked, for associations that are terminated here:
// per abstract syntax and list of offered transfer syntaxes, with a lifetime. On the home loop of
// the application.
class Capabilities {
 public:
  // What upstream answered to what was offered.
  void Learn(const ul::AssociateRq& offered, const ul::AssociateAc& answered, SteadyTime now);
  // Upstream refused what it accepted before.
  void Forget(const Uid& abstract_syntax);

  // How this context would be answered; nullopt if that is not known, or no longer believed.
  // Another list of transfer syntaxes than one that was asked is answered with the first of its
  // syntaxes that is known to be accepted.
  std::optional<ul::ContextAnswer> Answer(const ul::ProposedContext& context, SteadyTime now,
                                          config::Duration lifetime) const;

  // The other way round: in which transfer syntaxes the application proposed each class when it
  // last brought instances, in its order.
  using Offered = std::map<Uid, std::vector<Uid>>;
  void NoteOffered(const std::vector<ul::ProposedContext>& contexts);
  const Offered& offered() const { return offered_; }

 private:
  static constexpr size_t kMostOffered = 1024;  // classes; there are some 200
  struct Known {
    ul::ContextAnswer answer;
    SteadyTime at;
  };
  // Abstract syntax → offered transfer syntaxes, joined → answer.
  std::map<Uid, std::map<std::string, Known>> known_;
  Offered offered_;
};

}  // namespace router::session
