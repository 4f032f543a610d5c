#include "tests/peers/faulty/instance.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <fstream>
#include <set>
#include <span>
#include <sstream>

namespace faulty {
namespace {

using Path = std::vector<DcmTagKey>;

constexpr size_t kLongestText = 1024;

std::string Text(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  if (item.findAndGetOFStringArray(tag, value).bad()) return {};
  while (!value.empty() && (value.back() == ' ' || value.back() == '\0')) value.pop_back();
  size_t start = value.find_first_not_of(' ');
  return start == OFString_npos ? std::string() : std::string(value.c_str() + start);
}

void Collect(DcmItem& item, std::span<const DcmTagKey> path, std::vector<std::string>& out) {
  if (path.size() == 1) {
    if (std::string value = Text(item, path[0]); !value.empty()) out.push_back(value);
    return;
  }
  DcmSequenceOfItems* sequence = nullptr;
  if (item.findAndGetSequence(path[0], sequence).bad()) return;
  for (unsigned long i = 0; i < sequence->card(); ++i) {
    Collect(*sequence->getItem(i), path.subspan(1), out);
  }
}

std::string KindOf(const std::string& sop_class, const std::string& modality) {
  static const std::map<std::string, std::string> by_class = {
      {UID_RTStructureSetStorage, "structure_set"},
      {UID_RTPlanStorage, "plan"},
      {UID_RTIonPlanStorage, "plan"},
      {"1.2.246.352.70.1.70", "plan"},
      {UID_RTDoseStorage, "dose"}};
  static const std::map<std::string, std::string> by_modality = {{"RTSTRUCT", "structure_set"},
                                                                 {"RTPLAN", "plan"},
                                                                 {"RTDOSE", "dose"},
                                                                 {"RTRECORD", "record"},
                                                                 {"CT", "image"},
                                                                 {"MR", "image"},
                                                                 {"PT", "image"},
                                                                 {"REG", "registration"}};
  if (auto found = by_class.find(sop_class); found != by_class.end()) return found->second;
  auto found = by_modality.find(modality);
  return found == by_modality.end() ? "other" : found->second;
}

// The paths of PS3.3 from an RT object to what must exist before it.
std::vector<Reference> ReferencesOf(DcmItem& item, const std::string& kind) {
  static const DcmTagKey uid = DCM_ReferencedSOPInstanceUID;
  static const std::map<std::string, std::vector<std::pair<std::string, Path>>> required = {
      {"structure_set",
       {{"image",
         {DCM_ReferencedFrameOfReferenceSequence, DCM_RTReferencedStudySequence,
          DCM_RTReferencedSeriesSequence, DCM_ContourImageSequence, uid}},
        {"image", {DCM_ROIContourSequence, DCM_ContourSequence, DCM_ContourImageSequence, uid}}}},
      {"plan", {{"structure_set", {DCM_ReferencedStructureSetSequence, uid}}}},
      {"dose",
       {{"plan", {DCM_ReferencedRTPlanSequence, uid}},
        {"structure_set", {DCM_ReferencedStructureSetSequence, uid}}}}};
  std::vector<Reference> result;
  std::set<std::string> seen;
  auto own = required.find(kind);
  if (own == required.end()) return result;
  for (const auto& [what, path] : own->second) {
    std::vector<std::string> uids;
    Collect(item, path, uids);
    for (const std::string& one : uids) {
      if (seen.insert(one).second) result.push_back({one, what});
    }
  }
  return result;
}

std::vector<std::string> MachinesOf(DcmItem& item) {
  std::vector<std::string> named;
  for (const DcmTagKey& beams : {DCM_BeamSequence, DCM_IonBeamSequence}) {
    Path path = {beams, DCM_TreatmentMachineName};
    Collect(item, path, named);
  }
  std::set<std::string> once(named.begin(), named.end());
  return {once.begin(), once.end()};
}

std::map<uint32_t, std::string> AttributesOf(DcmItem& item) {
  std::map<uint32_t, std::string> result;
  for (DcmObject* at = item.nextInContainer(nullptr); at; at = item.nextInContainer(at)) {
    auto* element = dynamic_cast<DcmElement*>(at);
    if (!element || element->ident() == EVR_SQ || element->getLength() > kLongestText) continue;
    const DcmTag& tag = element->getTag();
    result[uint32_t{tag.getGroup()} << 16 | tag.getElement()] = Text(item, tag);
  }
  return result;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

uint32_t Number(const std::string& raw, size_t at, size_t bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes && at + i < raw.size(); ++i) {
    value |= uint32_t{static_cast<unsigned char>(raw[at + i])} << (8 * i);
  }
  return value;
}

// Where the data set begins: behind preamble and meta header, either of which may lack.
size_t DataSetOffset(const std::string& raw) {
  static const std::set<std::string> long_lengths = {"OB", "OW", "UN", "SQ", "UT"};
  size_t at = raw.size() > 132 && raw.compare(128, 4, "DICM") == 0 ? 132 : 0;
  while (at + 8 <= raw.size() && Number(raw, at, 2) == 2) {
    bool is_long = long_lengths.contains(raw.substr(at + 4, 2));
    size_t head = is_long ? 12 : 8;
    at += head + (is_long ? Number(raw, at + 8, 4) : Number(raw, at + 6, 2));
  }
  return at;
}

}  // namespace

const std::string& Instance::Value(uint32_t tag) const {
  static const std::string none;
  auto found = attributes.find(tag);
  return found == attributes.end() ? none : found->second;
}

std::optional<Instance> ReadInstance(const std::string& path) {
  DcmFileFormat file;
  if (file.loadFile(path.c_str(), EXS_Unknown, EGL_noChange, kLongestText).bad()) return {};
  DcmDataset& data_set = *file.getDataset();
  Instance result;
  result.file = path;
  result.offset = DataSetOffset(ReadFile(path));
  result.transfer_syntax = DcmXfer(data_set.getOriginalXfer()).getXferID();
  result.uid = Text(data_set, DCM_SOPInstanceUID);
  result.sop_class = Text(data_set, DCM_SOPClassUID);
  if (result.uid.empty()) return {};
  result.kind = KindOf(result.sop_class, Text(data_set, DCM_Modality));
  result.attributes = AttributesOf(data_set);
  result.references = ReferencesOf(data_set, result.kind);
  if (result.kind == "plan") result.machines = MachinesOf(data_set);
  result.arrived = std::chrono::steady_clock::now();
  return result;
}

std::string ReadDataSet(const Instance& instance) {
  return ReadFile(instance.file).substr(instance.offset);
}

std::optional<std::string> ConvertDataSet(const Instance& instance, const std::string& syntax) {
  DcmFileFormat file;
  E_TransferSyntax wanted = DcmXfer(syntax.c_str()).getXfer();
  if (file.loadFile(instance.file.c_str()).bad()) return {};
  if (file.loadAllDataIntoMemory().bad()) return {};
  DcmDataset& data_set = *file.getDataset();
  if (data_set.chooseRepresentation(wanted, nullptr).bad() || !data_set.canWriteXfer(wanted)) {
    return {};
  }
  std::string bytes(data_set.calcElementLength(wanted, EET_ExplicitLength) + 65536, '\0');
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  data_set.transferInit();
  OFCondition written = data_set.write(stream, wanted, EET_ExplicitLength, nullptr);
  data_set.transferEnd();
  if (written.bad()) return {};
  void* start = nullptr;
  offile_off_t length = 0;
  stream.flushBuffer(start, length);
  bytes.resize(static_cast<size_t>(length));
  return bytes;
}

}  // namespace faulty
