#pragma once
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/peers/faulty/archive.h"
#include "tests/peers/faulty/connection.h"
#include "tests/peers/faulty/journal.h"
#include "tests/peers/faulty/switches.h"

namespace faulty {

// What every association shares. Owned by main(), outlives them all.
struct Peer {
  std::string ae_title;
  std::string directory;  // of stored instances
  long max_pdu = 16384;   // that we say we receive (PS3.8 D.1)
  Switches& switches;
  Journal& journal;
  Archive& archive;
  Connections& connections;
  std::atomic<int> open = 0;       // associations accepted and not ended
  std::atomic<int> last_file = 0;  // numbers the files, a UID may come twice
};

// One association that a client opened: negotiated, served and ended by the one thread that calls
// Serve(). DCMTK's association is dropped with it.
class Association {
 public:
  Association(Peer& peer, T_ASC_Association* association, int number);
  ~Association();
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  void Serve();

 private:
  // negotiation.cc
  bool Negotiate();
  bool Reject(int result, int source, int reason);
  bool Rejected();
  nlohmann::json AcceptContexts();
  std::string ChooseSyntax(const T_ASC_PresentationContext& context, bool is_storage) const;
  bool AllowsClass(const std::string& abstract_syntax, bool is_storage) const;
  void AnswerExtendedNegotiation();

  // association.cc
  bool ServeOne();
  void Leave();
  void End(OFCondition condition);
  bool Dispatch(T_ASC_PresentationContextID context, T_DIMSE_Message& message);
  void Echo(T_ASC_PresentationContextID context, const T_DIMSE_C_EchoRQ& request);
  bool TakeCommitment(T_ASC_PresentationContextID context, const T_DIMSE_N_ActionRQ& request);
  // Waits as delay_ms says; false if the response is to be lost or the connection has ended.
  bool MayAnswer(const std::string& operation);
  void Note(const char* event, nlohmann::json line);

  // store.cc
  bool Store(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request);
  std::optional<std::string> Receive(T_ASC_PresentationContextID context,
                                     const T_DIMSE_C_StoreRQ& request);
  StoreVerdict Judge(const Instance& instance, nlohmann::json& line);

  // find.cc
  bool Find(T_ASC_PresentationContextID context, const T_DIMSE_C_FindRQ& request);
  // move.cc
  bool Move(T_ASC_PresentationContextID context, const T_DIMSE_C_MoveRQ& request);
  // The identifier of a query or a move; nothing if the connection ended meanwhile.
  std::unique_ptr<DcmDataset> ReceiveIdentifier(T_ASC_PresentationContextID context);
  bool RelationalAllowed() const;

  Peer& peer_;
  T_ASC_Association* association_;
  SharedFate connection_;
  int number_;
  std::string calling_;
  std::string called_;
  bool counted_ = false;     // in Peer::open
  bool relational_ = false;  // negotiated (PS3.4 C.5.1)
};

}  // namespace faulty
