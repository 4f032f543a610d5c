#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcostrmf.h>
#include <dcmtk/dcmdata/dcuid.h>

#include <algorithm>
#include <filesystem>

#include "tests/peers/faulty/association.h"

namespace faulty {

using nlohmann::json;

// Bit by bit into a Part 10 file: what tests compare must not have gone through an encoder.
std::optional<std::string> Association::Receive(T_ASC_PresentationContextID context,
                                                const T_DIMSE_C_StoreRQ& request) {
  std::string path = peer_.directory + "/" + std::to_string(++peer_.last_file) + ".dcm";
  DcmOutputFileStream* opened = nullptr;
  OFCondition done = DIMSE_createFilestream(path.c_str(), &request, association_, context,
                                            /*writeMetaheader=*/1, &opened);
  std::unique_ptr<DcmOutputFileStream> file(opened);
  if (done.good()) {
    done = DIMSE_receiveDataSetInFile(association_, DIMSE_BLOCKING, 0, &context, file.get(),
                                      nullptr, nullptr);
  }
  file.reset();
  if (done.good()) return path;
  std::filesystem::remove(path);
  Note("store_cut_off", {{"uid", request.AffectedSOPInstanceUID}});
  End(done);
  return std::nullopt;
}

StoreVerdict Association::Judge(const Instance& instance, json& line) {
  const Switches& switches = peer_.switches;
  auto forced = peer_.switches.TakeStoreStatus(instance.kind, instance.sop_class, instance.uid);
  if (forced) return {forced->status, forced->keep || forced->status == 0};
  if (auto machines = switches.GetList("machines")) {
    for (const std::string& one : instance.machines) {
      if (std::ranges::find(*machines, one) != machines->end()) continue;
      line["unknown_machine"] = one;
      return {switches.Get<uint16_t>("machine_status"), false};
    }
  }
  auto mode = switches.Get<std::string>("missing");
  if (mode == "accept") return {0, true};
  json missing = json::array();
  for (const Reference& one : peer_.archive.Missing(instance)) {
    missing.push_back({{"uid", one.uid}, {"kind", one.kind}});
  }
  if (missing.empty()) return {0, true};
  line["missing"] = missing;
  line["orphan"] = mode == "orphan";
  if (mode == "orphan") return {0, true};
  return {switches.Get<uint16_t>("missing_status"), false};
}

bool Association::Store(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request) {
  auto path = Receive(context, request);
  if (!path) return false;
  json line = {{"uid", request.AffectedSOPInstanceUID},
               {"sop_class", request.AffectedSOPClassUID},
               {"message_id", request.MessageID},
               {"calling", calling_},
               {"called", called_},
               {"bytes", std::filesystem::file_size(*path)}};
  if (request.opts & O_STORE_MOVEORIGINATORAETITLE) {
    line["originator"] = request.MoveOriginatorApplicationEntityTitle;
  }
  if (request.opts & O_STORE_MOVEORIGINATORID) line["originator_id"] = request.MoveOriginatorID;

  StoreVerdict verdict = {STATUS_STORE_Error_CannotUnderstand, false};
  auto instance = ReadInstance(*path);
  if (instance) {
    line["kind"] = instance->kind;
    line["transfer_syntax"] = instance->transfer_syntax;
    verdict = Judge(*instance, line);
  } else {
    line["kind"] = "other";
  }
  bool keep = instance && verdict.keep;
  if (!keep) std::filesystem::remove(*path);
  if (keep) line["place"] = peer_.archive.Add(std::move(*instance), /*settled=*/false);

  line["status"] = verdict.status;
  line["kept"] = keep;
  bool answer = MayAnswer("store");
  line["answered"] = answer;
  Note("store", std::move(line));
  if (!answer) return true;
  T_DIMSE_C_StoreRSP response = {};
  response.DimseStatus = verdict.status;
  return DIMSE_sendStoreResponse(association_, context, &request, &response, nullptr).good();
}

}  // namespace faulty
