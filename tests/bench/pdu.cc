#include "tests/bench/pdu.h"

namespace bench {
namespace {

constexpr std::string_view kApplicationContext = "1.2.840.10008.3.1.1.1";
constexpr std::string_view kExplicitLittleEndian = "1.2.840.10008.1.2.1";
constexpr std::string_view kImplementation = "1.2.826.0.1.3680043.9.9999.3";
constexpr size_t kFixedFields = 68;  // of A-ASSOCIATE-RQ and -AC, before their items

void Append(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

void AppendItem(Bytes& out, uint8_t type, View body) {
  out.push_back(type);
  out.push_back(0);
  AppendBig16(out, static_cast<uint16_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
}

void AppendItem(Bytes& out, uint8_t type, std::string_view text) {
  AppendItem(out, type, View(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

Bytes Pdu(PduType type, View body) {
  Bytes out = {type, 0};
  AppendBig32(out, static_cast<uint32_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

Bytes UserInformation(uint32_t max_pdu) {
  Bytes length;
  AppendBig32(length, max_pdu);
  Bytes user;
  AppendItem(user, 0x51, length);
  AppendItem(user, 0x52, kImplementation);
  return user;
}

// Calls f(type, body) for each item; stops at what is not one.
template <class F>
void ForEachItem(View items, F f) {
  while (items.size() >= 4) {
    const size_t length = static_cast<size_t>(items[2] << 8 | items[3]);
    if (items.size() < 4 + length) return;
    f(items[0], items.subspan(4, length));
    items = items.subspan(4 + length);
  }
}

std::string Padded(std::string_view title) {
  std::string out(title.substr(0, 16));
  out.resize(16, ' ');
  return out;
}

std::string Trimmed(View value) {
  std::string text(value.begin(), value.end());
  const size_t end = text.find_last_not_of(std::string_view(" \0", 2));
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

uint16_t Little16(View value) {
  return value.size() < 2 ? 0 : static_cast<uint16_t>(value[0] | value[1] << 8);
}

void Assign(Command& command, uint16_t element, View value) {
  switch (element) {
    case 0x0002:
      command.sop_class = Trimmed(value);
      break;
    case 0x0100:
      command.field = Little16(value);
      break;
    case 0x0110:
      command.message_id = Little16(value);
      break;
    case 0x0120:
      command.responded_to = Little16(value);
      break;
    case 0x0600:
      command.move_destination = Trimmed(value);
      break;
    case 0x0800:
      command.has_data_set = Little16(value) != kNoDataSet;
      break;
    case 0x0900:
      command.status = Little16(value);
      break;
    case 0x1000:
      command.sop_instance = Trimmed(value);
      break;
    case 0x1021:
      command.completed = Little16(value);
      break;
    case 0x1022:
      command.failed = Little16(value);
      break;
    default:
      break;
  }
}

}  // namespace

void AppendBig16(Bytes& out, uint16_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void AppendBig32(Bytes& out, uint32_t value) {
  AppendBig16(out, static_cast<uint16_t>(value >> 16));
  AppendBig16(out, static_cast<uint16_t>(value));
}

uint32_t Big32(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

Bytes AssociateRequest(std::string_view called, std::string_view calling,
                       std::string_view sop_class, uint32_t max_pdu) {
  Bytes body = {0, 1, 0, 0};
  Append(body, Padded(called));
  Append(body, Padded(calling));
  body.resize(kFixedFields);
  AppendItem(body, 0x10, kApplicationContext);
  Bytes context = {1, 0, 0, 0};
  AppendItem(context, 0x30, sop_class);
  AppendItem(context, 0x40, kExplicitLittleEndian);
  AppendItem(body, 0x20, context);
  AppendItem(body, 0x50, UserInformation(max_pdu));
  return Pdu(kAssociateRq, body);
}

Bytes AssociateAccept(View request, uint32_t max_pdu) {
  if (request.size() < kFixedFields) return Pdu(kAbort, Bytes{0, 0, 2, 0});
  Bytes body(request.begin(), request.begin() + kFixedFields);
  AppendItem(body, 0x10, kApplicationContext);
  ForEachItem(request.subspan(kFixedFields), [&](uint8_t type, View item) {
    if (type != 0x20 || item.size() < 4) return;
    Bytes answer = {item[0], 0, 0, 0};
    bool chosen = false;
    ForEachItem(item.subspan(4), [&](uint8_t inner, View syntax) {
      if (inner == 0x40 && !chosen) AppendItem(answer, 0x40, syntax);
      chosen = chosen || inner == 0x40;
    });
    AppendItem(body, 0x21, answer);
  });
  AppendItem(body, 0x50, UserInformation(max_pdu));
  return Pdu(kAssociateAc, body);
}

Bytes Release(PduType type) { return Pdu(type, Bytes(4)); }

uint32_t MaxPduOf(View associate) {
  uint32_t found = 0;
  if (associate.size() < kFixedFields) return found;
  ForEachItem(associate.subspan(kFixedFields), [&](uint8_t type, View user) {
    if (type != 0x50) return;
    ForEachItem(user, [&](uint8_t inner, View value) {
      if (inner == 0x51 && value.size() == 4) found = Big32(value.data());
    });
  });
  return found;
}

void AppendPdvHeaders(Bytes& out, uint8_t context, uint8_t flags, size_t size) {
  out.push_back(kPdata);
  out.push_back(0);
  AppendBig32(out, static_cast<uint32_t>(size + kPdvHeader));
  AppendBig32(out, static_cast<uint32_t>(size + 2));
  out.push_back(context);
  out.push_back(flags);
}

void CommandSet::Tag(uint16_t element, size_t length) {
  const uint8_t tag[] = {0,
                         0,
                         static_cast<uint8_t>(element),
                         static_cast<uint8_t>(element >> 8),
                         static_cast<uint8_t>(length),
                         static_cast<uint8_t>(length >> 8),
                         0,
                         0};
  elements_.insert(elements_.end(), std::begin(tag), std::end(tag));
}

CommandSet& CommandSet::Text(uint16_t element, std::string_view value) {
  Tag(element, value.size() + value.size() % 2);
  Append(elements_, value);
  if (value.size() % 2) elements_.push_back(0);
  return *this;
}

CommandSet& CommandSet::Short(uint16_t element, uint16_t value) {
  Tag(element, 2);
  elements_.push_back(static_cast<uint8_t>(value));
  elements_.push_back(static_cast<uint8_t>(value >> 8));
  return *this;
}

Bytes CommandSet::Pdu(uint8_t context) const {
  constexpr size_t kGroupLength = 12;
  const auto size = static_cast<uint32_t>(elements_.size());
  Bytes out;
  AppendPdvHeaders(out, context, kCommandPdv | kLastPdv, size + kGroupLength);
  const uint8_t group[kGroupLength] = {
      0, 0, 0, 0, 4, 0, 0, 0, static_cast<uint8_t>(size), static_cast<uint8_t>(size >> 8), 0, 0};
  out.insert(out.end(), std::begin(group), std::end(group));
  out.insert(out.end(), elements_.begin(), elements_.end());
  return out;
}

std::optional<Command> ReadCommand(View bytes) {
  Command command;
  while (bytes.size() >= 8) {
    const auto element = static_cast<uint16_t>(bytes[2] | bytes[3] << 8);
    const size_t length = static_cast<size_t>(bytes[4] | bytes[5] << 8 | bytes[6] << 16);
    if (bytes[0] != 0 || bytes[1] != 0 || bytes.size() < 8 + length) return std::nullopt;
    Assign(command, element, bytes.subspan(8, length));
    bytes = bytes.subspan(8 + length);
  }
  if (command.field == 0) return std::nullopt;
  return command;
}

}  // namespace bench
