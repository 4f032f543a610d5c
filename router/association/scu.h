#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "router/association/association.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"

namespace router::association {

// Whom to call, and as whom.
struct Peer {
  Association::Endpoint endpoint;
  AeTitle calling, called;
  Timers timers;
  Milliseconds response{120'000};  // silence while a response is due
  uint32_t max_pdu = 128 * 1024;   // announced, and the cap of what is sent
};

// The bytes of a data set, read piece by piece.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next piece, empty at the end; good until the next call.
  virtual Task<Result<Bytes>> Next() = 0;
};

struct StoreAnswer {
  uint16_t status = 0;
  std::string comment;  // (0000,0902) as the peer wrote it; may hold what must not be logged
};

// A service class user of our own on an association of our own: one request at a time, on one
// loop. Used by delivery, by the questions to upstream, by probes.
//
// An error from Echo, Find or Store means that the association is of no more use: Abort it. For
// Store it also means that the outcome is unknown, unless `sent_whole` says that the request never
// went out whole.
class Scu {
 public:
  // Errors as Association::Request.
  static Task<Result<std::unique_ptr<Scu>>> Open(net::Loop& loop, Peer peer,
                                                 std::vector<ul::ProposedContext> contexts,
                                                 ul::AssociateRj* rejected = nullptr,
                                                 Association::Opening* opening = nullptr);

  // The accepted context for an abstract syntax, with this transfer syntax or, if it is empty,
  // with any; null if there is none.
  const ul::AcceptedContext* Find(const Uid& abstract_syntax,
                                  const Uid& transfer_syntax = Uid()) const;

  Task<Result<uint16_t>> Echo();

  // C-FIND: hands every answer's data set to `on_answer` (bytes in `transfer_syntax` of the
  // context, good during the call), which returns false to cancel. The final status.
  Task<Result<uint16_t>> Find(const ul::AcceptedContext& context, Buffer identifier,
                              std::function<bool(Bytes)> on_answer);

  // C-STORE of what `source` yields. `sent_whole` is set once the last byte may be with the kernel.
  Task<Result<StoreAnswer>> Store(const ul::AcceptedContext& context, Uid sop_class,
                                  Uid sop_instance, ByteSource& source, bool* sent_whole,
                                  std::optional<dimse::MoveOriginator> originator = std::nullopt);

  Task<> Release();
  Task<> Abort();
  Association& association() { return *association_; }
  bool IsOpen() const { return association_ && association_->IsEstablished(); }

 private:
  Scu(std::unique_ptr<Association> association, Peer peer)
      : association_(std::move(association)), peer_(std::move(peer)) {}
  uint16_t NextMessageId() { return ++message_id_ == 0 ? ++message_id_ : message_id_; }
  Task<Result<dimse::CommandSet>> AwaitResponse(ul::ContextId context, dimse::Command request,
                                                uint16_t message_id, Buffer* data_set);

  std::unique_ptr<Association> association_;
  Peer peer_;
  uint16_t message_id_ = 0;
};

}  // namespace router::association
