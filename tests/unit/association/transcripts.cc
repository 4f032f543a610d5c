#include "tests/unit/association/transcripts.h"

#include <fmt/format.h>

#include "tests/unit/ul/hex.h"

namespace router::association {
namespace {

std::string LittleEndian(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += fmt::format("{:02X}", value >> (8 * i) & 0xFF);
  return text + " ";
}

std::string Element(uint16_t element, const std::string& value) {
  return LittleEndian(0, 2) + LittleEndian(element, 2) +
         LittleEndian(static_cast<uint32_t>(Hex(value).size()), 4) + value + " ";
}

std::string Associate(uint8_t type, const Negotiation& parts, const std::string& contexts) {
  std::string reserved;
  for (int i = 0; i < 32; ++i) reserved += "00";
  return Pdu(type, parts.version + "0000" + parts.called + parts.calling + reserved +
                       Item(0x10, parts.application_context) + contexts + Item(0x50, parts.user));
}

}  // namespace

std::string Number(uint64_t value, int bytes) { return fmt::format("{:0{}X} ", value, 2 * bytes); }

std::string Pdu(uint8_t type, const std::string& hex) {
  return Number(type, 1) + "00 " + Number(Hex(hex).size(), 4) + hex + " ";
}

std::string Item(uint8_t type, const std::string& hex) {
  return Number(type, 1) + "00 " + Number(Hex(hex).size(), 2) + hex + " ";
}

std::string Request(const std::vector<Proposal>& proposals, Negotiation parts) {
  std::string contexts = parts.contexts;
  for (const Proposal& one : proposals) {
    std::string syntaxes;
    for (const std::string& syntax : one.transfer_syntaxes) syntaxes += Item(0x40, syntax);
    contexts += Item(0x20, Number(static_cast<uint64_t>(one.id), 1) + "000000" +
                               Item(0x30, one.abstract_syntax) + syntaxes);
  }
  return Associate(1, parts, contexts);
}

std::string Acceptance(const std::vector<Answer>& answers, Negotiation parts) {
  std::string contexts = parts.contexts;
  for (const Answer& one : answers)
    contexts += Item(0x21, Number(static_cast<uint64_t>(one.id), 1) + "00" +
                               Number(static_cast<uint64_t>(one.result), 1) + "00" +
                               Item(0x40, one.transfer_syntax));
  return Associate(2, parts, contexts);
}

std::string OurUserInformation(uint32_t max_length) {
  return Item(0x51, Number(max_length, 4)) +
         Item(0x52, "'2.25.266510790330701575364807644054357632785'") + Item(0x55, "'SLUICE_0_1'");
}

std::string Pdv(int context, int control, const std::string& hex) {
  return Number(Hex(hex).size() + 2, 4) + Number(static_cast<uint64_t>(context), 1) +
         Number(static_cast<uint64_t>(control), 1) + hex + " ";
}

std::string Us(uint16_t element, uint16_t value) {
  return Element(element, LittleEndian(value, 2));
}

std::string Ui(uint16_t element, const std::string& uid) {
  return Element(element, Hex(uid).size() % 2 == 0 ? uid : uid + "00");
}

std::string CommandSet(const std::string& elements) {
  return Element(0, LittleEndian(static_cast<uint32_t>(Hex(elements).size()), 4)) + elements;
}

std::string EchoRq(uint16_t id) {
  return CommandSet(Ui(0x0002, kVerification) + Us(0x0100, 0x0030) + Us(0x0110, id) +
                    Us(0x0800, 0x0101));
}

std::string EchoRsp(uint16_t id, uint16_t status) {
  return CommandSet(Ui(0x0002, kVerification) + Us(0x0100, 0x8030) + Us(0x0120, id) +
                    Us(0x0800, 0x0101) + Us(0x0900, status));
}

std::string StoreRq(uint16_t id, const std::string& instance) {
  return CommandSet(Ui(0x0002, kCtImage) + Us(0x0100, 0x0001) + Us(0x0110, id) + Us(0x0700, 0) +
                    Us(0x0800, 0x0001) + Ui(0x1000, instance));
}

std::string StoreRsp(uint16_t id, uint16_t status, const std::string& more) {
  return CommandSet(Ui(0x0002, kCtImage) + Us(0x0100, 0x8001) + Us(0x0120, id) +
                    Us(0x0800, 0x0101) + Us(0x0900, status) + more);
}

std::string FindRq(uint16_t id) {
  return CommandSet(Ui(0x0002, kFindClass) + Us(0x0100, 0x0020) + Us(0x0110, id) + Us(0x0700, 0) +
                    Us(0x0800, 0x0001));
}

std::string FindRsp(uint16_t id, uint16_t status, bool has_identifier) {
  return CommandSet(Ui(0x0002, kFindClass) + Us(0x0100, 0x8020) + Us(0x0120, id) +
                    Us(0x0800, has_identifier ? 0x0001 : 0x0101) + Us(0x0900, status));
}

std::string CancelRq(uint16_t id) {
  return CommandSet(Us(0x0100, 0x0FFF) + Us(0x0120, id) + Us(0x0800, 0x0101));
}

}  // namespace router::association
