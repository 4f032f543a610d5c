#include "tests/peers/faulty/association.h"

#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/diutil.h>

namespace faulty {

using nlohmann::json;

Association::Association(Peer& peer, T_ASC_Association* association, int number)
    : peer_(peer),
      association_(association),
      connection_(static_cast<Connection*>(DUL_getTransportConnection(association->DULassociation))
                      ->fate()),
      number_(number) {}

Association::~Association() {
  Leave();
  if (association_->DULassociation) {
    // The peer closes first where it is well (PS3.8 9.2.3, Sta13), which spares it an RST.
    ASC_dropSCPAssociation(association_, *connection_ == Fate::kLives ? 1 : 0);
  }
  ASC_destroyAssociation(&association_);
}

void Association::Note(const char* event, json line) {
  line["association"] = number_;
  peer_.journal.Note(event, std::move(line));
}

void Association::Serve() {
  if (!Negotiate()) return;
  while (ServeOne()) {
  }
}

void Association::Leave() {
  if (counted_) --peer_.open;
  counted_ = false;
}

bool Association::ServeOne() {
  T_ASC_PresentationContextID context = 0;
  T_DIMSE_Message message = {};
  OFCondition received =
      DIMSE_receiveCommand(association_, DIMSE_BLOCKING, 0, &context, &message, nullptr);
  if (received.bad()) {
    End(received);
    return false;
  }
  return Dispatch(context, message);
}

void Association::End(OFCondition condition) {
  // Before the confirmation: the client may open its next association as soon as it has that.
  Leave();
  if (condition == DUL_PEERREQUESTEDRELEASE) {
    Note("release", json::object());
    if (MayAnswer("release")) ASC_acknowledgeRelease(association_);
  } else if (condition == DUL_PEERABORTEDASSOCIATION) {
    Note("abort", json::object());
  } else {
    Note("lost", {{"reason", condition.text()}});
  }
}

bool Association::Dispatch(T_ASC_PresentationContextID context, T_DIMSE_Message& message) {
  // Before any delay: a test that waits for this line knows that the client waits for an answer.
  Note("command", {{"field", static_cast<int>(message.CommandField)}});
  switch (message.CommandField) {
    case DIMSE_C_ECHO_RQ:
      Echo(context, message.msg.CEchoRQ);
      return true;
    case DIMSE_C_STORE_RQ:
      return Store(context, message.msg.CStoreRQ);
    case DIMSE_C_FIND_RQ:
      return Find(context, message.msg.CFindRQ);
    case DIMSE_C_MOVE_RQ:
      return Move(context, message.msg.CMoveRQ);
    case DIMSE_N_ACTION_RQ:
      return TakeCommitment(context, message.msg.NActionRQ);
    case DIMSE_C_CANCEL_RQ:  // of what has just ended: PS3.7 9.3.2.3 lets it pass
      Note("cancel", {{"message_id", message.msg.CCancelRQ.MessageIDBeingRespondedTo}});
      return true;
    default:
      Note("unexpected", {{"command", static_cast<int>(message.CommandField)}});
      ASC_abortAssociation(association_);
      return false;
  }
}

bool Association::MayAnswer(const std::string& operation) {
  int delay = peer_.switches.Get<int>("delay_ms." + operation);
  if (!peer_.connections.Wait(connection_, delay)) return false;
  if (operation == "associate" || operation == "suboperation") return true;
  return !peer_.switches.Take("lose." + operation);
}

void Association::Echo(T_ASC_PresentationContextID context, const T_DIMSE_C_EchoRQ& request) {
  bool answer = MayAnswer("echo");
  Note("echo", {{"message_id", request.MessageID}, {"answered", answer}});
  if (answer) DIMSE_sendEchoResponse(association_, context, &request, STATUS_Success, nullptr);
}

bool Association::TakeCommitment(T_ASC_PresentationContextID context,
                                 const T_DIMSE_N_ActionRQ& request) {
  auto asked = ReceiveIdentifier(context);
  if (!asked) return false;
  OFString transaction;
  asked->findAndGetOFString(DCM_TransactionUID, transaction);
  Note("commitment", {{"message_id", request.MessageID}, {"transaction", transaction.c_str()}});
  T_DIMSE_Message answer = {};
  answer.CommandField = DIMSE_N_ACTION_RSP;
  T_DIMSE_N_ActionRSP& response = answer.msg.NActionRSP;
  response.MessageIDBeingRespondedTo = request.MessageID;
  response.DimseStatus = STATUS_N_Success;
  response.DataSetType = DIMSE_DATASET_NULL;
  response.ActionTypeID = request.ActionTypeID;
  response.opts = O_NACTION_ACTIONTYPEID;
  return DIMSE_sendMessageUsingMemoryData(association_, context, &answer, nullptr, nullptr, nullptr,
                                          nullptr)
      .good();
}

std::unique_ptr<DcmDataset> Association::ReceiveIdentifier(T_ASC_PresentationContextID context) {
  DcmDataset* received = nullptr;
  OFCondition done = DIMSE_receiveDataSetInMemory(association_, DIMSE_BLOCKING, 0, &context,
                                                  &received, nullptr, nullptr);
  std::unique_ptr<DcmDataset> identifier(received);
  if (done.bad()) {
    End(done);
    return nullptr;
  }
  return identifier;
}

bool Association::RelationalAllowed() const {
  auto mode = peer_.switches.Get<std::string>("relational");
  return mode == "tolerant" || (mode == "negotiated" && relational_);
}

}  // namespace faulty
