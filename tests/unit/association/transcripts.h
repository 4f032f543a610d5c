#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The bytes of transcripts, as Hex() reads them, made from the tables of PS3.8 9.3 and PS3.7 E
// alone: nothing here comes from router/.
namespace router::association {

inline const std::string kVerification = "'1.2.840.10008.1.1'";
inline const std::string kCtImage = "'1.2.840.10008.5.1.4.1.1.2'";
inline const std::string kMrImage = "'1.2.840.10008.5.1.4.1.1.4'";
inline const std::string kFindClass = "'1.2.840.10008.5.1.4.1.2.2.1'";
inline const std::string kImplicit = "'1.2.840.10008.1.2'";
inline const std::string kExplicit = "'1.2.840.10008.1.2.1'";

std::string Number(uint64_t value, int bytes);          // big endian
std::string Pdu(uint8_t type, const std::string& hex);  // with the length that it needs
std::string Item(uint8_t type, const std::string& hex);

// ---- association PDUs

inline const std::string kReleaseRq = "05 00 00000004 00000000";
inline const std::string kReleaseRp = "06 00 00000004 00000000";
inline std::string Rejection(const std::string& result_source_reason) {
  return "03 00 00000004 00 " + result_source_reason;
}
inline std::string Aborted(const std::string& source_reason) {
  return "07 00 00000004 0000 " + source_reason;
}
inline const std::string kUserAbort = Aborted("00 00");
inline const std::string kUnrecognized = Aborted("02 01");
inline const std::string kUnexpected = Aborted("02 02");
inline const std::string kInvalidValue = Aborted("02 06");

struct Proposal {
  int id = 1;
  std::string abstract_syntax = kVerification;
  std::vector<std::string> transfer_syntaxes = {kImplicit};
};
struct Answer {
  int id = 1;
  int result = 0;
  std::string transfer_syntax = kImplicit;
};

// An A-ASSOCIATE-RQ or -AC in parts, so that a test can spoil one.
struct Negotiation {
  std::string version = "0001";
  std::string called = "'SLUICE          '", calling = "'TPS             '";
  std::string application_context = "'1.2.840.10008.3.1.1.1'";
  std::string contexts;                                                 // items
  std::string user = Item(0x51, "00004000") + Item(0x52, "'1.2.3.4'");  // sub-items
};
std::string Request(const std::vector<Proposal>& proposals, Negotiation parts = {});
std::string Acceptance(const std::vector<Answer>& answers, Negotiation parts = {});
// What Sluice says of itself, with the maximum length that it announces.
std::string OurUserInformation(uint32_t max_length);

// ---- P-DATA-TF. Control: 0 data, 1 command, 2 last data, 3 last command.

std::string Pdv(int context, int control, const std::string& hex);
inline std::string Data(int context, int control, const std::string& hex) {
  return Pdu(4, Pdv(context, control, hex));
}

// ---- command sets (implicit little endian, group length first)

std::string Us(uint16_t element, uint16_t value);
std::string Ui(uint16_t element, const std::string& uid);
std::string CommandSet(const std::string& elements);

std::string EchoRq(uint16_t id);
std::string EchoRsp(uint16_t id, uint16_t status = 0);
std::string StoreRq(uint16_t id, const std::string& instance = "'1.2.3'");
std::string StoreRsp(uint16_t id, uint16_t status, const std::string& more = "");
std::string FindRq(uint16_t id);
std::string FindRsp(uint16_t id, uint16_t status, bool has_identifier);
std::string CancelRq(uint16_t id);

}  // namespace router::association
