#pragma once
#include <optional>
#include <span>
#include <vector>

#include "router/base/uid.h"
#include "router/ul/negotiation.h"

namespace router::delivery {

// What one instance needs of an association: its SOP class, and the transfer syntax in which it
// lies in the spool.
struct Cargo {
  Uid sop_class, transfer_syntax;
  bool operator==(const Cargo&) const = default;
};

// The presentation contexts to propose for these: Verification, then for each class each stored
// transfer syntax in a context of its own (so that the answer tells which are taken), and for what
// is uncompressed the other uncompressed little endian ones to fall back to. At most 128; what
// does not fit is left out, for the next association. Pure.
std::vector<ul::ProposedContext> Propose(std::span<const Cargo> cargo);

// Were the contexts that `cargo` could use proposed? If not, another association is needed.
bool Covers(std::span<const ul::ProposedContext> proposed, const Cargo& cargo);

struct Choice {
  const ul::AcceptedContext* context = nullptr;
  bool convert = false;  // to the context's transfer syntax, by dataset::Convert
};

// As stored where that was accepted, else Explicit, then Implicit VR Little Endian where it can be
// converted, else nothing: no association with these answers will ever carry it. Pure.
std::optional<Choice> Choose(std::span<const ul::AcceptedContext> agreed, const Cargo& cargo);

}  // namespace router::delivery
