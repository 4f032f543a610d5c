#include <gtest/gtest.h>

#include <random>

#include "corpus.h"
#include "router/dataset/digest.h"
#include "router/dataset/edit.h"
#include "router/dataset/head.h"
#include "router/dataset/identifier.h"
#include "router/dataset/references.h"
#include "router/dataset/sound.h"

// Broken bytes, thousands of them, made from real files with fixed seeds. What must hold: every
// call ends, within the bytes, with an answer or an error that blames the sender.
namespace router::dataset {
namespace {

constexpr size_t kHead = 4096;

const std::vector<WantedPath> kWanted = {{{0x300C0060, 0x00081155}, 1},
                                         {{kAnyDepth, 0x300C0080, 0x00081155}, 2},
                                         {{0x30060039, 0x30060040, 0x30060016, 0x00081155}, 3}};

// Walks to the end; false if the scanner did what it must not.
testing::AssertionResult WalksToAnEnd(const Buffer& bytes, const Uid& transfer_syntax) {
  auto source = Open(Encoded{bytes, transfer_syntax});
  Scanner scanner(*source, EncodingOf(transfer_syntax));
  bool deflated = EncodingOf(transfer_syntax).deflated;
  uint64_t last = 0;
  for (size_t steps = 0; deflated || steps <= 4 * bytes.size() + 16; ++steps) {
    auto event = scanner.Next();
    if (!event) {
      if (event.error().blame != Blame::kDownstream || event.error().code != Errc::kCorrupt) {
        return testing::AssertionFailure() << event.error().detail;
      }
      return testing::AssertionSuccess();
    }
    if (event->token == Token::kEnd || event->token == Token::kCut) {
      return testing::AssertionSuccess();
    }
    if (event->offset < last) return testing::AssertionFailure() << "went back";
    last = event->offset;
    if (event->depth > Scanner::kMostDepth) return testing::AssertionFailure() << "too deep";
    if (event->token != Token::kElement) continue;
    auto entered = scanner.EnterItems(1 << 20);
    if (!entered || *entered) continue;
    auto value = scanner.Value(1 << 20);
    if (value && value->size() != event->length) return testing::AssertionFailure() << "length";
  }
  return testing::AssertionFailure() << "more tokens than bytes";
}

void EverythingElseEnds(const Buffer& bytes, const Uid& transfer_syntax) {
  Encoded encoded{bytes, transfer_syntax};
  auto blames = [](const auto& result) {
    if (!result) {
      EXPECT_EQ(result.error().blame, Blame::kDownstream) << result.error().detail;
    }
  };
  blames(ReadHead(bytes, transfer_syntax));
  blames(ReadHead(bytes, transfer_syntax, true));
  blames(HarvestReferences(encoded, kWanted));
  blames(CanonicalDigest(encoded));
  blames(CheckSound(encoded));
  auto replaced = ReplaceElement(bytes, transfer_syntax, 0x00080018, "1.2.3");
  blames(replaced);
}

Buffer FirstBytes(const Buffer& bytes) {
  return {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(std::min(bytes.size(), kHead))};
}

void Mutate(std::mt19937& random, Buffer* bytes) {
  constexpr uint8_t kInteresting[] = {0x00, 0xFF, 0xFE, 0x7F, 0x80, 0xE0, 0xDD, 0x0D, 'S', 'U'};
  auto at = [&](size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random);
  };
  size_t changes = 1 + at(6);
  for (size_t i = 0; i < changes && !bytes->empty(); ++i) {
    size_t where = at(bytes->size());
    switch (at(4)) {
      case 0:
        (*bytes)[where] = static_cast<std::byte>(random() & 0xFF);
        break;
      case 1:
        (*bytes)[where] = static_cast<std::byte>(kInteresting[at(sizeof kInteresting)]);
        break;
      case 2:
        for (size_t n = where; n < std::min(where + 4, bytes->size()); ++n) {
          (*bytes)[n] = std::byte{0xFF};
        }
        break;
      default:
        bytes->erase(bytes->begin() + static_cast<ptrdiff_t>(where));
        break;
    }
  }
}

template <class T>
void IsEmptyOr(const T& fact, const T& truth, const char* name) {
  EXPECT_TRUE(fact == T() || fact == truth) << name;
}

TEST(Robustness, NoPrefixOfARealFileTellsAnythingFalse) {
  std::mt19937 random(20240501);
  for (const std::string& path : DistinctFiles()) {
    auto file = Load(path);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      SCOPED_TRACE(path + ", " + variant.name);
      auto whole = ReadHead(variant.bytes, variant.transfer_syntax, true);
      ASSERT_TRUE(whole) << whole.error().detail;
      Buffer head = FirstBytes(variant.bytes);
      for (int i = 0; i < 40; ++i) {
        size_t size = std::uniform_int_distribution<size_t>(0, head.size())(random);
        Buffer prefix(head.begin(), head.begin() + static_cast<ptrdiff_t>(size));
        EXPECT_TRUE(WalksToAnEnd(prefix, variant.transfer_syntax));
        EverythingElseEnds(prefix, variant.transfer_syntax);
        auto part = ReadHead(prefix, variant.transfer_syntax);
        ASSERT_TRUE(part) << size << ": " << part.error().detail;
        IsEmptyOr(part->sop_class, whole->sop_class, "class");
        IsEmptyOr(part->sop_instance, whole->sop_instance, "instance");
        IsEmptyOr(part->modality, whole->modality, "modality");
        IsEmptyOr(part->study, whole->study, "study");
        IsEmptyOr(part->series, whole->series, "series");
        IsEmptyOr(part->frame_of_reference, whole->frame_of_reference, "frame");
        IsEmptyOr(part->patient_id_digest, whole->patient_id_digest, "patient");
        if (part->reach == Reach::kPartial) continue;
        EXPECT_EQ(part->series, whole->series);
        EXPECT_EQ(part->frame_of_reference, whole->frame_of_reference);
      }
    }
  }
}

TEST(Robustness, MutatedHeadsOfRealFilesEndInAnAnswerOrABlame) {
  std::mt19937 random(20240502);
  for (const std::string& path : DistinctFiles()) {
    auto file = Load(path);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      SCOPED_TRACE(path + ", " + variant.name);
      Buffer head = FirstBytes(variant.bytes);
      for (int i = 0; i < 150; ++i) {
        Buffer broken = head;
        Mutate(random, &broken);
        ASSERT_TRUE(WalksToAnEnd(broken, variant.transfer_syntax)) << "mutation " << i;
        EverythingElseEnds(broken, variant.transfer_syntax);
      }
    }
  }
}

TEST(Robustness, MutatedPlansEndInAnAnswerOrABlame) {  // deep in their sequences
  std::mt19937 random(20240503);
  auto file = Load(DataFile(
      "pinnacle-plan-dose-no-struct/1.3.46.670589.13.997910418.20181018190715.112493.dcm"));
  for (const Variant& variant : VariantsOf(*file->getDataset())) {
    SCOPED_TRACE(variant.name);
    for (int i = 0; i < 1000; ++i) {
      Buffer broken = variant.bytes;
      Mutate(random, &broken);
      ASSERT_TRUE(WalksToAnEnd(broken, variant.transfer_syntax)) << "mutation " << i;
      EverythingElseEnds(broken, variant.transfer_syntax);
    }
  }
}

TEST(Robustness, BrokenIdentifiersAreDecodedOrRefused) {
  std::mt19937 random(20240504);
  Identifier query = Identifier::Of({{0x00080052, "IMAGE"},
                                     {0x00080018, "1.2.246.352.71.4.37402163639"},
                                     {0x0020000D, ""},
                                     {0x00100010, "Phantom^Water"}});
  Identifier item = Identifier::Of({{0x00081150, "1.2.840"}, {0x00081155, "1.2.3"}});
  ASSERT_TRUE(query.AddItem(0x00081199, item));
  ASSERT_TRUE(query.AddItem(0x00081199, item));
  size_t decoded = 0, refused = 0;
  for (std::string_view syntax : {kImplicitVrLittleEndian, kExplicitVrLittleEndian,
                                  kExplicitVrBigEndian, kDeflatedExplicitVrLittleEndian}) {
    auto bytes = query.Encode(Uid(syntax));
    ASSERT_TRUE(bytes);
    for (int i = 0; i < 1500; ++i) {
      Buffer broken = *bytes;
      Mutate(random, &broken);
      auto again = Identifier::Decode(broken, Uid(syntax));
      again ? ++decoded : ++refused;
      if (!again) {
        EXPECT_EQ(again.error().blame, Blame::kDownstream);
      }
      if (again) {
        EXPECT_TRUE(again->Encode(Uid(syntax))) << i;
      }
    }
  }
  EXPECT_GT(decoded, 100u);
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace router::dataset
