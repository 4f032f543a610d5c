#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "router/association/scu.h"
#include "router/delivery/breaker.h"
#include "router/delivery/contexts.h"
#include "router/delivery/slots.h"

namespace router::delivery {

// An association of our own to the application, with the slot that it takes up.
struct Leg {
  Slot slot;
  std::unique_ptr<association::Scu> scu;
  AeTitle calling;
  std::vector<ul::ProposedContext> proposed;
  SteadyTime used{};  // when it last carried something

  bool Serves(const AeTitle& title, const Cargo& cargo) const {
    return scu && scu->IsOpen() && calling == title && Covers(proposed, cargo);
  }
};

}  // namespace router::delivery
