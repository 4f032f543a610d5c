#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// The relay that somebody writes in an afternoon with a toolkit: on DCMTK's dcmnet, a thread for
// each association, each message read whole and sent on. It is what Sluice is compared with, and
// shares nothing with it.
//
//     relay_dcmnet PORT UPSTREAM_PORT
namespace {

constexpr int kRequestWithin = 30;  // seconds

// The upstream association with the client's own contexts; null: rejected.
T_ASC_Association* CallUpstream(T_ASC_Network* network, T_ASC_Parameters* asked, int port) {
  T_ASC_Parameters* request = nullptr;
  ASC_createAssociationParameters(&request, ASC_MAXIMUMPDUSIZE);
  DIC_AE calling = "", called = "";
  ASC_getAPTitles(asked, calling, sizeof(calling), called, sizeof(called), nullptr, 0);
  ASC_setAPTitles(request, calling, called, nullptr);
  const std::string address = "127.0.0.1:" + std::to_string(port);
  ASC_setPresentationAddresses(request, "localhost", address.c_str());
  for (int i = 0; i < ASC_countPresentationContexts(asked); ++i) {
    T_ASC_PresentationContext context;
    ASC_getPresentationContext(asked, i, &context);
    std::vector<const char*> syntaxes;
    for (int syntax = 0; syntax < context.transferSyntaxCount; ++syntax)
      syntaxes.push_back(context.proposedTransferSyntaxes[syntax]);
    ASC_addPresentationContext(request, context.presentationContextID, context.abstractSyntax,
                               syntaxes.data(), static_cast<int>(syntaxes.size()));
  }
  T_ASC_Association* upstream = nullptr;
  if (ASC_requestAssociation(network, request, &upstream).good()) return upstream;
  if (upstream)
    ASC_destroyAssociation(&upstream);
  else
    ASC_destroyAssociationParameters(&request);
  return nullptr;
}

void AcceptAsUpstream(T_ASC_Parameters* asked, T_ASC_Parameters* answered) {
  for (int i = 0; i < ASC_countPresentationContexts(answered); ++i) {
    T_ASC_PresentationContext context;
    ASC_getPresentationContext(answered, i, &context);
    if (context.resultReason == ASC_P_ACCEPTANCE)
      ASC_acceptPresentationContext(asked, context.presentationContextID,
                                    context.acceptedTransferSyntax);
  }
}

T_DIMSE_DataSetType DataSetOf(const T_DIMSE_Message& message) {
  switch (message.CommandField) {
    case DIMSE_C_STORE_RQ:
      return message.msg.CStoreRQ.DataSetType;
    case DIMSE_C_FIND_RQ:
      return message.msg.CFindRQ.DataSetType;
    case DIMSE_C_FIND_RSP:
      return message.msg.CFindRSP.DataSetType;
    case DIMSE_C_MOVE_RQ:
      return message.msg.CMoveRQ.DataSetType;
    case DIMSE_C_MOVE_RSP:
      return message.msg.CMoveRSP.DataSetType;
    default:
      return DIMSE_DATASET_NULL;
  }
}

bool IsPending(const T_DIMSE_Message& message) {
  if (message.CommandField == DIMSE_C_FIND_RSP)
    return DICOM_PENDING_STATUS(message.msg.CFindRSP.DimseStatus);
  if (message.CommandField == DIMSE_C_MOVE_RSP)
    return DICOM_PENDING_STATUS(message.msg.CMoveRSP.DimseStatus);
  return false;
}

// One message from one association to the other; tells whether more responses follow it.
OFCondition Pass(T_ASC_Association* from, T_ASC_Association* to, bool& pending) {
  T_ASC_PresentationContextID context = 0;
  T_DIMSE_Message message = {};
  OFCondition done = DIMSE_receiveCommand(from, DIMSE_BLOCKING, 0, &context, &message, nullptr);
  if (done.bad()) return done;
  DcmDataset* received = nullptr;
  if (DataSetOf(message) != DIMSE_DATASET_NULL)
    done = DIMSE_receiveDataSetInMemory(from, DIMSE_BLOCKING, 0, &context, &received, nullptr,
                                        nullptr);
  const std::unique_ptr<DcmDataset> data_set(received);
  if (done.bad()) return done;
  pending = IsPending(message);
  return DIMSE_sendMessageUsingMemoryData(to, context, &message, nullptr, data_set.get(), nullptr,
                                          nullptr);
}

void Converse(T_ASC_Association* client, T_ASC_Association* upstream) {
  for (;;) {
    bool pending = false;
    OFCondition done = Pass(client, upstream, pending);
    if (done == DUL_PEERREQUESTEDRELEASE) {
      ASC_releaseAssociation(upstream);
      ASC_acknowledgeRelease(client);
      return;
    }
    do {
      if (done.good()) done = Pass(upstream, client, pending);
    } while (done.good() && pending);
    if (done.good()) continue;
    ASC_abortAssociation(upstream);
    ASC_abortAssociation(client);
    return;
  }
}

void Serve(T_ASC_Association* client, int port) {
  T_ASC_Network* network = nullptr;
  ASC_initializeNetwork(NET_REQUESTOR, 0, kRequestWithin, &network);
  T_ASC_Association* upstream = CallUpstream(network, client->params, port);
  if (upstream) {
    AcceptAsUpstream(client->params, upstream->params);
    if (ASC_acknowledgeAssociation(client).good()) Converse(client, upstream);
    ASC_dropAssociation(upstream);
    ASC_destroyAssociation(&upstream);
  } else {
    const T_ASC_RejectParameters reject = {ASC_RESULT_REJECTEDTRANSIENT,
                                           ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
                                           ASC_REASON_SP_PRES_TEMPORARYCONGESTION};
    ASC_rejectAssociation(client, &reject);
  }
  ASC_dropSCPAssociation(client);
  ASC_destroyAssociation(&client);
  ASC_dropNetwork(&network);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int upstream = std::atoi(argv[2]);
  T_ASC_Network* network = nullptr;
  if (ASC_initializeNetwork(NET_ACCEPTOR, std::atoi(argv[1]), kRequestWithin, &network).bad()) {
    std::fprintf(stderr, "cannot listen\n");
    return 1;
  }
  for (;;) {
    T_ASC_Association* client = nullptr;
    if (ASC_receiveAssociation(network, &client, ASC_MAXIMUMPDUSIZE).good()) {
      std::thread(Serve, client, upstream).detach();
    } else if (client) {
      ASC_dropAssociation(client);
      ASC_destroyAssociation(&client);
    }
  }
}
