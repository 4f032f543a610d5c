#pragma once
#include <memory>
#include <utility>

#include "router/hold/oracle.h"
#include "tests/unit/delivery/bench.h"

namespace router::hold {

class HoldTest : public net::NetTest {
 protected:
  void SetUp() override { ASSERT_TRUE(dataset::Start().has_value()); }
};

inline Task<Result<Line>> OpenLine(testing::Bench& bench, int& connections,
                                   std::vector<ul::ProposedContext> contexts) {
  association::Peer peer;
  peer.endpoint = {"127.0.0.1", bench.application.port()};
  peer.calling = AeTitle::FromWire("SLUICE");
  peer.called = AeTitle::FromWire("VMSDBD");
  ++connections;
  auto scu = co_await association::Scu::Open(bench.loop, std::move(peer), std::move(contexts));
  if (!scu) co_return std::unexpected(scu.error());
  co_return Line{std::move(*scu), nullptr, {}};
}

// Lines to the stand-in, counted.
inline Connect ConnectTo(testing::Bench& bench, int& connections) {
  return [&bench, &connections](std::vector<ul::ProposedContext> contexts) {
    return OpenLine(bench, connections, std::move(contexts));
  };
}

}  // namespace router::hold
