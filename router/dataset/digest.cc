#include "router/dataset/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "router/base/log.h"
#include "router/dataset/dictionary.h"
#include "router/dataset/element_value.h"
#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

constexpr size_t kMostProbed = 1 << 20;  // bytes of a value of unknown VR that may be items

// Bytes that make up one number of this VR, so that its order can be turned (PS3.5 7.3).
size_t UnitOf(Vr vr) {
  switch (vr) {
    case VrOf('U', 'S'):
    case VrOf('S', 'S'):
    case VrOf('O', 'W'):
    case VrOf('A', 'T'):
      return 2;
    case VrOf('U', 'L'):
    case VrOf('S', 'L'):
    case VrOf('F', 'L'):
    case VrOf('O', 'F'):
    case VrOf('O', 'L'):
      return 4;
    case VrOf('F', 'D'):
    case VrOf('O', 'D'):
    case VrOf('S', 'V'):
    case VrOf('U', 'V'):
    case VrOf('O', 'V'):
      return 8;
    default:
      return 1;
  }
}

bool IsPadding(std::byte byte) { return byte == std::byte{0} || byte == std::byte{' '}; }

// Writes the canonical stream (digest.h) of one data set into a hash. Lives for one call.
class Canon {
 public:
  explicit Canon(Scanner& scanner) : scanner_(scanner) {}

  Result<Digest> Run() {
    while (true) {
      auto event = scanner_.Next();
      if (!event) return std::unexpected(event.error());
      if (event->token == Token::kEnd) return hash_.Finish();
      if (event->token == Token::kCut) {
        return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
      }
      if (auto added = Add(*event); !added) return std::unexpected(added.error());
    }
  }

 private:
  Result<> Add(const Event& event) {
    if (begun_ && event.token == Token::kSequenceEnd) {
      begun_ = false;
      AddTag(event.tag, 'V');
      AddLength(0);
      return {};
    }
    if (begun_) AddTag(sequence_, 'S');
    begun_ = false;
    switch (event.token) {
      case Token::kElement:
        return AddElement(event);
      case Token::kSequence:
        Begin(event.tag);
        return {};
      case Token::kItem:
        AddMark('I');
        return {};
      case Token::kItemEnd:
        AddMark('i');
        return {};
      case Token::kSequenceEnd:
        AddMark(in_fragments_ ? 'p' : 's');
        in_fragments_ = false;
        return {};
      case Token::kFragments:
        in_fragments_ = true;
        AddTag(event.tag, 'P');
        return {};
      case Token::kFragment:
        AddMark('F');
        return AddValue(event.length, 1);
      case Token::kEnd:
      case Token::kCut:
        break;
    }
    return {};
  }

  Result<> AddElement(const Event& event) {
    if ((event.tag & 0xFFFF) == 0 || event.tag == 0xFFFCFFFC) return {};
    auto items = scanner_.EnterItems(kMostProbed);
    if (!items) return std::unexpected(items.error());
    if (*items) {
      Begin(event.tag);
      return {};
    }
    AddTag(event.tag, 'V');
    if (IsTextVr(VrInDictionary(event.tag))) return AddText();
    return AddValue(event.length, event.big_endian ? UnitOf(event.vr) : 1);
  }

  // Whether it has items shows only with the next token.
  void Begin(Tag sequence) {
    begun_ = true;
    sequence_ = sequence;
  }

  void AddMark(char mark) { hash_.Add(AsBytes({&mark, 1})); }

  void AddTag(Tag tag, char mark) {
    std::array<std::byte, 5> bytes;
    StoreLe16(bytes.data(), static_cast<uint16_t>(tag >> 16));
    StoreLe16(bytes.data() + 2, static_cast<uint16_t>(tag & 0xFFFF));
    bytes[4] = static_cast<std::byte>(mark);
    hash_.Add(bytes);
  }

  void AddLength(uint64_t length) {
    std::array<std::byte, 8> bytes{};
    StoreLe32(bytes.data(), static_cast<uint32_t>(length));
    StoreLe32(bytes.data() + 4, static_cast<uint32_t>(length >> 32));
    hash_.Add(bytes);
  }

  Result<> AddValue(uint32_t length, size_t unit) {
    Buffer turned;  // what is over of the last chunk, then the next
    while (true) {
      auto chunk = scanner_.Chunk();
      if (!chunk) return std::unexpected(chunk.error());
      if (unit == 1) hash_.Add(*chunk);
      if (chunk->empty()) break;
      if (unit == 1) continue;
      turned.insert(turned.end(), chunk->begin(), chunk->end());
      auto whole = static_cast<ptrdiff_t>(turned.size() / unit * unit);
      for (auto at = turned.begin(); at != turned.begin() + whole;) {
        auto end = at + static_cast<ptrdiff_t>(unit);
        std::reverse(at, end);
        at = end;
      }
      hash_.Add(Bytes(turned.data(), static_cast<size_t>(whole)));
      turned.erase(turned.begin(), turned.begin() + whole);
    }
    hash_.Add(turned);  // an odd rest, as it stands
    AddLength(length);
    return {};
  }

  Result<> AddText() {
    uint64_t length = 0, padding = 0;  // hashed, and held back: it may be the end
    while (true) {
      auto chunk = scanner_.Chunk();
      if (!chunk) return std::unexpected(chunk.error());
      if (chunk->empty()) break;
      Bytes left = *chunk;
      while (!left.empty()) {
        auto text_end = std::ranges::find_if(left, IsPadding);
        Bytes text(left.begin(), text_end);
        if (!text.empty()) {
          length += AddSpaces(std::exchange(padding, 0)) + text.size();
          hash_.Add(text);
        }
        auto padding_end = std::find_if_not(text_end, left.end(), IsPadding);
        padding += static_cast<uint64_t>(padding_end - text_end);
        left = Bytes(padding_end, left.end());
      }
    }
    AddLength(length);
    return {};
  }

  uint64_t AddSpaces(uint64_t count) {
    static constexpr std::string_view kSpaces = "                                ";
    for (uint64_t left = count; left > 0;) {
      uint64_t piece = std::min<uint64_t>(left, kSpaces.size());
      hash_.Add(AsBytes(kSpaces.substr(0, piece)));
      left -= piece;
    }
    return count;
  }

  Scanner& scanner_;
  Sha256 hash_;
  bool begun_ = false;  // a sequence was announced and nothing of it seen
  Tag sequence_ = 0;
  bool in_fragments_ = false;
};

}  // namespace

std::string Hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::byte byte : digest) {
    text += kDigits[std::to_integer<int>(byte >> 4)];
    text += kDigits[std::to_integer<int>(byte & std::byte{15})];
  }
  return text;
}

struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) {
    if (evp == nullptr || EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) != 1) {
      log::Fatal("OpenSSL has no SHA-256");
    }
  }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Add(Bytes bytes) {
  if (EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) != 1) {
    log::Fatal("SHA-256 fails in memory");
  }
}

Digest Sha256::Finish() {
  Digest digest;
  unsigned size = 0;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_DigestFinal_ex(context_->evp, out, &size) != 1 || size != digest.size()) {
    log::Fatal("SHA-256 fails in memory");
  }
  return digest;
}

Digest Sha256::Of(Bytes bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Finish();
}

Result<Digest> DigestOfBytes(const Region& region) {
  auto source = OpenRaw(region);
  if (!source) return std::unexpected(source.error());
  Sha256 hash;
  while (true) {
    auto piece = (*source)->Peek(1);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return hash.Finish();
    hash.Add(*piece);
    if (auto on = (*source)->Skip(piece->size()); !on) return std::unexpected(on.error());
  }
}

Result<Digest> CanonicalDigest(const Region& region) {
  auto source = Open(region);
  if (!source) return std::unexpected(source.error());
  Scanner scanner(**source, EncodingOf(region.transfer_syntax));
  return Canon(scanner).Run();
}

Result<Digest> CanonicalDigest(const Encoded& encoded) {
  auto source = Open(encoded);
  Scanner scanner(*source, EncodingOf(encoded.transfer_syntax));
  return Canon(scanner).Run();
}

}  // namespace router::dataset
