#include "router/dataset/identifier.h"

#include <fmt/format.h>

#include <tuple>

#include "router/base/log.h"
#include "router/base/text.h"
#include "router/dataset/dcmtk_bridge.h"
#include "router/dataset/dictionary.h"
// After dcmtk_bridge.h, which brings DCMTK's configuration.
#include <dcmtk/dcmdata/dcelem.h>
#include <dcmtk/dcmdata/dcsequen.h>

namespace router::dataset {
namespace {

constexpr size_t kMostBytes = 16 << 20;

DcmTagKey KeyOf(Tag tag) {
  return DcmTagKey(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xFFFF));
}

// DCMTK's search is not const, though it changes nothing.
DcmElement* ElementAt(DcmDataset& dataset, Tag tag) {
  DcmElement* element = nullptr;
  if (dataset.findAndGetElement(KeyOf(tag), element).bad()) return nullptr;
  return element;
}

bool CopyElements(DcmItem& from, DcmItem& to) {
  for (unsigned long i = 0; i < from.card(); ++i) {
    std::unique_ptr<DcmObject> copy(from.getElement(i)->clone());
    auto* element = dynamic_cast<DcmElement*>(copy.get());
    if (element == nullptr || to.insert(element, OFTrue).bad()) return false;
    std::ignore = copy.release();  // the item owns it now
  }
  return true;
}

std::unexpected<Error> CannotSet(Tag tag, std::string_view why) {
  return Fail(Errc::kCorrupt, Blame::kInternal,
              fmt::format("{} cannot be set: {}", NameOf(tag), why));
}

}  // namespace

struct Identifier::Content {
  DcmDataset dataset;
};

Identifier::Identifier() : content_(std::make_unique<Content>()) {}
Identifier::~Identifier() = default;
Identifier::Identifier(const Identifier& other)
    : content_(std::make_unique<Content>(*other.content_)) {}
Identifier& Identifier::operator=(const Identifier& other) {
  if (this != &other) content_ = std::make_unique<Content>(*other.content_);
  return *this;
}
// What was moved from is empty, not invalid.
Identifier::Identifier(Identifier&& other) noexcept : Identifier() {
  std::swap(content_, other.content_);
}
Identifier& Identifier::operator=(Identifier&& other) noexcept {
  std::swap(content_, other.content_);
  return *this;
}

Identifier Identifier::Of(std::initializer_list<std::pair<Tag, std::string_view>> elements) {
  Identifier identifier;
  for (const auto& [tag, value] : elements) {
    if (auto set = identifier.Set(tag, value); !set) log::Fatal(set.error().detail);
  }
  return identifier;
}

Result<Identifier> Identifier::Decode(Bytes bytes, const Uid& transfer_syntax) {
  if (bytes.size() > kMostBytes) {
    return Fail(Errc::kLimit, Blame::kDownstream,
                fmt::format("an identifier of {} bytes", bytes.size()));
  }
  auto dataset = ReadWithDcmtk({bytes, transfer_syntax});
  if (!dataset) return std::unexpected(dataset.error());
  Identifier identifier;
  identifier.content_->dataset = **dataset;
  return identifier;
}

Result<Buffer> Identifier::Encode(const Uid& transfer_syntax) const {
  E_TransferSyntax xfer = XferOf(transfer_syntax);
  Buffer out;
  if (empty()) return out;
  Consumer consumer(&out);
  if (xfer == EXS_Unknown || WriteWithDcmtk(content_->dataset, xfer, &consumer).bad()) {
    return Fail(Errc::kCorrupt, Blame::kInternal,
                "an identifier cannot be written in " + transfer_syntax.str());
  }
  return out;
}

bool Identifier::empty() const { return content_->dataset.card() == 0; }

bool Identifier::Has(Tag tag) const { return ElementAt(content_->dataset, tag) != nullptr; }

std::vector<Tag> Identifier::Tags() const {
  std::vector<Tag> tags;
  for (unsigned long i = 0; i < content_->dataset.card(); ++i) {
    const DcmTag& tag = content_->dataset.getElement(i)->getTag();
    tags.push_back(static_cast<Tag>(tag.getGroup()) << 16 | tag.getElement());
  }
  return tags;
}

std::optional<std::string> Identifier::Text(Tag tag) const {
  DcmElement* element = ElementAt(content_->dataset, tag);
  OFString text;
  if (element == nullptr) return std::nullopt;
  if (element->isEmpty()) return "";
  if (element->getOFStringArray(text).bad()) return std::nullopt;
  return std::string(TrimSpaces({text.data(), text.size()}));
}

std::vector<std::string> Identifier::Values(Tag tag) const {
  std::vector<std::string> values;
  std::string text = Text(tag).value_or("");
  if (text.empty()) return values;
  std::string_view left = text;
  while (true) {
    size_t end = left.find('\\');
    values.emplace_back(TrimSpaces(left.substr(0, end)));
    if (end == std::string_view::npos) return values;
    left.remove_prefix(end + 1);
  }
}

Uid Identifier::UidOf(Tag tag) const {
  std::vector<std::string> values = Values(tag);
  return values.empty() ? Uid() : Uid(values.front());
}

std::vector<Uid> Identifier::Uids(Tag tag) const {
  std::vector<Uid> uids;
  for (const std::string& value : Values(tag)) {
    if (!value.empty()) uids.emplace_back(value);
  }
  return uids;
}

Result<> Identifier::Set(Tag tag, std::string_view value) {
  std::string text(value);  // DCMTK looks for the NUL behind it
  DcmElement* element = ElementAt(content_->dataset, tag);
  if (element == nullptr) {
    if (VrInDictionary(tag) == kNoVr) return CannotSet(tag, "not in the data dictionary");
    DcmElement* made = nullptr;
    if (DcmItem::newDicomElement(made, DcmTag(KeyOf(tag))).bad()) {
      return CannotSet(tag, "no such element");
    }
    std::unique_ptr<DcmElement> owned(made);
    OFCondition put = made->putString(text.c_str(), static_cast<Uint32>(text.size()));
    if (put.good()) put = content_->dataset.insert(made, OFTrue);
    if (put.bad()) return CannotSet(tag, put.text());
    std::ignore = owned.release();  // the data set owns it now
    return {};
  }
  OFCondition put = element->putString(text.c_str(), static_cast<Uint32>(text.size()));
  if (put.bad()) return CannotSet(tag, put.text());
  return {};
}

Result<> Identifier::SetUids(Tag tag, std::span<const Uid> uids) {
  std::string text;
  for (const Uid& uid : uids) {
    if (!text.empty()) text += '\\';
    text += uid.view();
  }
  return Set(tag, text);
}

void Identifier::Remove(Tag tag) { content_->dataset.findAndDeleteElement(KeyOf(tag)); }

std::vector<Identifier> Identifier::Items(Tag sequence) const {
  std::vector<Identifier> items;
  auto* found = dynamic_cast<DcmSequenceOfItems*>(ElementAt(content_->dataset, sequence));
  if (found == nullptr) return items;
  for (unsigned long i = 0; i < found->card(); ++i) {
    if (!CopyElements(*found->getItem(i), items.emplace_back().content_->dataset)) {
      log::Fatal("an item that DCMTK has read cannot be copied");
    }
  }
  return items;
}

Result<> Identifier::AddItem(Tag sequence, const Identifier& item) {
  constexpr signed long kAppend = -2;
  DcmItem* added = nullptr;
  if (VrInDictionary(sequence) != VrOf('S', 'Q')) return CannotSet(sequence, "no sequence");
  OFCondition made =
      content_->dataset.findOrCreateSequenceItem(DcmTag(KeyOf(sequence)), added, kAppend);
  if (made.bad() || !CopyElements(item.content_->dataset, *added)) {
    return CannotSet(sequence, made.text());
  }
  return {};
}

}  // namespace router::dataset
