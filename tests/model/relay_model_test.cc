// Sluice between a client and an application that say whatever the standard allows, in any
// fragments, and end it in any way at any octet. The model: each side hears the messages of the
// other, whole, unchanged and in order, in PDUs that it takes; then how the other one ended it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "tests/model/sluice_process.h"
#include "tests/model/wire.h"

namespace model {
namespace {

struct World {
  Port upstream;
  SluiceProcess sluice{upstream.number()};
};
World* world = nullptr;

const std::vector<Context> kContexts = {{1, "1.2.840.10008.1.1"},
                                        {3, "1.2.840.10008.5.1.4.1.1.2"},
                                        {5, "1.2.840.10008.5.1.4.1.2.2.1"},
                                        {7, "1.2.246.352.70.1.70"}};

// ---- any message

// Chance for what need not shrink, from one generated seed: octets, and where to cut them.
class Chance {
 public:
  Chance() : engine_(*rc::gen::arbitrary<uint32_t>()) {}
  size_t Between(size_t least, size_t most) {
    return std::uniform_int_distribution<size_t>(least, most)(engine_);
  }
  bool OneIn(size_t count) { return Between(1, count) == 1; }

 private:
  std::mt19937 engine_;
};

Bytes AnyOctets(size_t size) {
  Chance chance;
  Bytes octets(size, '\0');
  for (char& octet : octets) octet = static_cast<char>(chance.Between(0, 255));
  return octets;
}

// PS3.7 E.1: a request of any service but C-MOVE (which is carried or forwarded) and C-CANCEL, or
// the response to one.
Message AnyMessage(bool is_response) {
  const uint16_t command = *rc::gen::element<uint16_t>(0x0001, 0x0010, 0x0020, 0x0030, 0x0100,
                                                       0x0110, 0x0120, 0x0130, 0x0140, 0x0150);
  Message message;
  message.context = (*rc::gen::elementOf(kContexts)).id;
  auto& set = message.command;
  set[0x0002] = Uid("1.2.840.10008.5.1.4.1.1.2");
  set[0x0100] = Us(command | (is_response ? 0x8000 : 0));
  set[is_response ? 0x0120 : 0x0110] = Us(*rc::gen::arbitrary<uint16_t>());
  if (is_response) set[0x0900] = Us(*rc::gen::element<uint16_t>(0, 0xFF00, 0xFF01, 0xB000, 0xA700));
  if (*rc::gen::arbitrary<bool>()) set[0x1000] = Uid("1.2.3.4.5");
  if (*rc::gen::inRange(0, 4) == 0) set[0x0902] = AnyOctets(2 * *rc::gen::inRange<size_t>(0, 40));
  const int kind = *rc::gen::inRange(0, 8);
  const bool needs = command == 0x0001 && !is_response;
  if (kind > 0 || needs) {
    const size_t most = kind == 1 ? 150'000 : kind < 5 ? 3'000 : 40;
    message.data_set = AnyOctets(2 * *rc::gen::inRange<size_t>(0, most));
  }
  set[0x0800] = Us(message.data_set ? 0x0001 : 0x0101);
  return message;
}

// ---- in any fragments

// Cuts a part into PDVs of any length; small parts down to one octet each, and empty ones.
void CutInto(std::vector<Bytes>& pdvs, Chance& chance, const Message& message, bool is_command,
             const Bytes& part, size_t at_most) {
  const size_t least = std::min(std::max<size_t>(part.size() / 60, 1), at_most);
  const size_t most = std::clamp(part.size(), least, at_most);
  for (size_t at = 0; at < part.size();) {
    size_t size = chance.OneIn(8) ? 0 : chance.Between(least, most);
    size = std::min(size, part.size() - at);
    at += size;
    const bool last = at == part.size() && !chance.OneIn(8);
    pdvs.push_back(Pdv(message.context, is_command, last, part.substr(at - size, size)));
    if (last) return;
  }
  pdvs.push_back(Pdv(message.context, is_command, true, {}));
}

// The message in P-DATA-TFs of one or several PDVs, none longer than `max_length` (0: any).
std::vector<Bytes> PdusOf(const Message& message, uint32_t max_length) {
  Chance chance;
  const size_t limit = max_length == 0 ? 60'000 : max_length;
  std::vector<Bytes> pdvs;
  CutInto(pdvs, chance, message, true, CommandSet(message), limit - 6);
  if (message.data_set) CutInto(pdvs, chance, message, false, *message.data_set, limit - 6);
  std::vector<Bytes> pdus;
  Bytes body;
  for (const Bytes& pdv : pdvs) {
    if (!body.empty() && (body.size() + pdv.size() > limit || chance.OneIn(2)))
      pdus.push_back(Pdu(kData, std::exchange(body, {})));
    body += pdv;
  }
  pdus.push_back(Pdu(kData, body));
  return pdus;
}

Bytes Encoded(const Message& message, uint32_t max_length) {
  Bytes encoded;
  for (const Bytes& pdu : PdusOf(message, max_length)) encoded += pdu;
  return encoded;
}

// The beginning of a message: up to any octet, or (what an A-ABORT may follow) of whole PDUs.
Bytes BeginningOf(const Message& message, uint32_t max_length, bool whole_pdus) {
  std::vector<Bytes> pdus = PdusOf(message, max_length);
  Bytes encoded;
  Chance chance;
  pdus.resize(chance.Between(0, pdus.size() - 1) + (whole_pdus ? 0 : 1));
  for (const Bytes& pdu : pdus) encoded += pdu;
  if (!whole_pdus) encoded.resize(encoded.size() - chance.Between(1, pdus.back().size()));
  return encoded;
}

// ---- any end

enum class Ending { kRelease, kAbort, kClose, kReset };

void End(Connection& one, Ending how) {
  if (how == Ending::kReset) one.Reset();
  if (how == Ending::kClose) one.Close();
}

struct Association {
  Connection client, upstream;

  bool Open(uint32_t clients, uint32_t upstreams) {
    client = Connection::To(world->sluice.port());
    if (!client.open()) return false;
    client.out = AssociateRq(kContexts, clients);
    Connection nobody;
    Exchange asking(client, nobody);
    asking.Until([&] { return client.out.empty(); });
    upstream = world->upstream.Accept();
    if (!upstream.open()) return false;
    Exchange both(client, upstream);
    if (!both.Until([&] { return !upstream.in.request.empty(); })) return false;
    upstream.out = AssociateAc(upstream.in.request, upstreams);
    return both.Until([&] { return client.in.answer.has_value(); });
  }
};

// Both ways of the pair end as they must: nothing hangs, nobody is left without an answer.
void CheckPeace(Association& pair, bool client_asks) {
  Connection& asks = client_asks ? pair.client : pair.upstream;
  Connection& answers = client_asks ? pair.upstream : pair.client;
  Exchange both(pair.client, pair.upstream);
  asks.out += ReleaseRq();
  RC_ASSERT(both.Until([&] { return answers.in.released; }));
  answers.out += ReleaseRp();
  RC_ASSERT(both.Until([&] { return asks.in.confirmed; }));
  RC_ASSERT(!pair.client.in.aborted && !pair.upstream.in.aborted);
  asks.Close();
  RC_ASSERT(both.Until([&] { return answers.ended; }));
}

void CheckLoss(Association& pair, bool client_ends, Ending how) {
  Connection& ends = client_ends ? pair.client : pair.upstream;
  Connection& hears = client_ends ? pair.upstream : pair.client;
  Exchange both(pair.client, pair.upstream);
  if (how == Ending::kAbort) {
    ends.out += Abort();
    both.Until([&] { return ends.out.empty() || ends.broken; });
  } else {
    End(ends, how);
  }
  RC_ASSERT(both.Until([&] { return hears.in.aborted || hears.ended; }));
  RC_ASSERT(hears.in.aborted);
  if (ends.open()) RC_ASSERT(both.Until([&] { return ends.ended; }));
}

// What came is what was sent: all of it, or, where an end came between, the beginning of it.
void CheckHeard(const Connection& hears, const std::vector<Message>& sent, uint32_t max_length,
                bool all) {
  RC_ASSERT(hears.in.fault == "");
  RC_ASSERT(max_length == 0 || hears.in.longest <= max_length);
  RC_ASSERT(hears.in.messages.size() <= sent.size());
  for (size_t i = 0; i < hears.in.messages.size(); ++i) RC_ASSERT(hears.in.messages[i] == sent[i]);
  if (all) RC_ASSERT(hears.in.messages.size() == sent.size());
}

RC_GTEST_PROP(Relay, EachSideHearsWhatTheOtherSaid, ()) {
  const auto clients = *rc::gen::element<uint32_t>(0, 64, 1'024, 4'096, 16'384, 131'072, 1'000'000);
  const auto upstreams = *rc::gen::element<uint32_t>(0, 64, 1'024, 4'096, 16'384, 131'072);
  Association pair;
  RC_ASSERT(pair.Open(clients, upstreams));
  const uint32_t to_client = MaxLengthOf(pair.upstream.in.request);  // what it may send to us
  const uint32_t to_upstream = MaxLengthOf(*pair.client.in.answer);
  Exchange both(pair.client, pair.upstream);

  std::vector<Message> said[2];  // by the client, by upstream
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    const bool by_client = *rc::gen::inRange(0, 3) > 0;
    Connection& from = by_client ? pair.client : pair.upstream;
    Connection& to = by_client ? pair.upstream : pair.client;
    const Message message = AnyMessage(*rc::gen::arbitrary<bool>());
    from.out += Encoded(message, by_client ? to_upstream : to_client);
    said[by_client ? 0 : 1].push_back(message);
    if (*rc::gen::inRange(0, 3) == 0) continue;  // the next one follows at once, either way
    const size_t wanted = said[by_client ? 0 : 1].size();
    RC_ASSERT(both.Until([&] { return to.in.messages.size() >= wanted; }));
  }
  RC_ASSERT(both.Until([&] {
    return pair.upstream.in.messages.size() >= said[0].size() &&
           pair.client.in.messages.size() >= said[1].size();
  }));

  const bool by_client = *rc::gen::arbitrary<bool>();
  const auto how =
      *rc::gen::element(Ending::kRelease, Ending::kAbort, Ending::kClose, Ending::kReset);
  if (how == Ending::kRelease) {
    CheckPeace(pair, by_client);
  } else {
    if (*rc::gen::arbitrary<bool>()) {  // in the middle of a message
      const bool of_client = *rc::gen::arbitrary<bool>();
      Connection& from = of_client ? pair.client : pair.upstream;
      const bool whole_pdus = how == Ending::kAbort && of_client == by_client;
      from.out += BeginningOf(AnyMessage(false), of_client ? to_upstream : to_client, whole_pdus);
      if (*rc::gen::arbitrary<bool>()) both.Until([&] { return from.out.empty(); });
    }
    CheckLoss(pair, by_client, how);
  }
  CheckHeard(pair.upstream, said[0], upstreams, true);
  CheckHeard(pair.client, said[1], clients, true);
  RC_ASSERT(world->sluice.running());
}

}  // namespace
}  // namespace model

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  model::World made;
  model::world = &made;
  const int failed = RUN_ALL_TESTS();
  const int code = made.sluice.End();
  if (code != 0) fprintf(stderr, "sluice ended with %d\n", code);
  return failed != 0 || code != 0;
}
