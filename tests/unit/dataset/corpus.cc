#include "corpus.h"

#include <dcmtk/dcmdata/dcfcache.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcwcache.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace router::dataset {
namespace {

std::string Hex8(Tag tag) {
  char text[16];
  std::snprintf(text, sizeof text, "%08X", tag);
  return text;
}

void FlattenByDcmtk(DcmItem& item, const std::string& prefix, std::vector<Flat>* out) {
  for (unsigned long i = 0; i < item.card(); ++i) {
    DcmElement* element = item.getElement(i);
    Tag tag = static_cast<Tag>(element->getGTag()) << 16 | element->getETag();
    std::string place = prefix + Hex8(tag);
    if (auto* sequence = dynamic_cast<DcmSequenceOfItems*>(element)) {
      for (unsigned long n = 0; n < sequence->card(); ++n) {
        FlattenByDcmtk(*sequence->getItem(n), place + "[" + std::to_string(n) + "]/", out);
      }
      continue;
    }
    std::string value(element->getLengthField(), '\0');
    if (!value.empty()) {
      DcmFileCache cache;
      OFCondition got = element->getPartialValue(value.data(), 0, static_cast<Uint32>(value.size()),
                                                 &cache, EBO_LittleEndian);
      EXPECT_TRUE(got.good()) << place << ": " << got.text();
    }
    out->push_back({place, value});
  }
}

size_t UnitInDcmtk(Vr vr) {
  char name[] = {static_cast<char>(vr >> 8), static_cast<char>(vr & 0xFF), '\0'};
  DcmVR dcm(name);
  if (dcm.isaString() || vr == VrOf('O', 'B') || vr == VrOf('U', 'N')) return 1;
  return vr == VrOf('A', 'T') || vr == VrOf('O', 'W') ? 2 : dcm.getValueWidth();
}

}  // namespace

const std::vector<std::string>& AllFiles() {
  static const std::vector<std::string> files = [] {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SLUICE_TEST_DATA)) {
      if (entry.path().extension() == ".dcm") found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }();
  EXPECT_GT(files.size(), 200u) << "tests/data is not there";
  return files;
}

const std::vector<std::string>& DistinctFiles() {
  static const std::vector<std::string> files = [] {
    std::vector<std::string> found;
    std::set<std::string> series;
    for (const std::string& path : AllFiles()) {
      OFString uid;
      Load(path)->getDataset()->findAndGetOFString(DCM_SeriesInstanceUID, uid);
      if (series.insert(std::string(uid.c_str())).second) found.push_back(path);
    }
    return found;
  }();
  return files;
}

std::string DataFile(std::string_view name) {
  return std::string(SLUICE_TEST_DATA) + "/" + std::string(name);
}

std::unique_ptr<DcmFileFormat> Load(const std::string& path) {
  auto file = std::make_unique<DcmFileFormat>();
  OFCondition read = file->loadFile(path.c_str());
  EXPECT_TRUE(read.good()) << path << ": " << read.text();
  EXPECT_TRUE(file->loadAllDataIntoMemory().good());
  return file;
}

Uid TransferSyntaxOf(DcmFileFormat& file) {
  return Uid(DcmXfer(file.getDataset()->getOriginalXfer()).getXferID());
}

Buffer WrittenByDcmtk(DcmDataset& dataset, E_TransferSyntax xfer, E_EncodingType lengths) {
  Buffer bytes(dataset.calcElementLength(EXS_LittleEndianExplicit, EET_UndefinedLength) + 65536);
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  DcmWriteCache cache;
  dataset.transferInit();
  OFCondition wrote = dataset.write(stream, xfer, lengths, &cache);
  dataset.transferEnd();
  EXPECT_TRUE(wrote.good()) << wrote.text();
  stream.flush();
  void* at = nullptr;
  offile_off_t size = 0;
  stream.flushBuffer(at, size);
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

std::vector<Variant> VariantsOf(DcmDataset& dataset) {
  struct Row {
    const char* name;
    E_TransferSyntax xfer;
    E_EncodingType lengths;
  };
  constexpr Row kRows[] = {
      {"implicit LE, defined", EXS_LittleEndianImplicit, EET_ExplicitLength},
      {"implicit LE, undefined", EXS_LittleEndianImplicit, EET_UndefinedLength},
      {"explicit LE, defined", EXS_LittleEndianExplicit, EET_ExplicitLength},
      {"explicit LE, undefined", EXS_LittleEndianExplicit, EET_UndefinedLength},
      {"explicit BE, defined", EXS_BigEndianExplicit, EET_ExplicitLength},
      {"explicit BE, undefined", EXS_BigEndianExplicit, EET_UndefinedLength},
      {"deflated", EXS_DeflatedLittleEndianExplicit, EET_UndefinedLength},
  };
  std::vector<Variant> variants;
  for (const Row& row : kRows) {
    variants.push_back({row.name, Uid(DcmXfer(row.xfer).getXferID()),
                        WrittenByDcmtk(dataset, row.xfer, row.lengths)});
  }
  return variants;
}

std::vector<Flat> FlatByDcmtk(DcmItem& item) {
  std::vector<Flat> out;
  FlattenByDcmtk(item, "", &out);
  return out;
}

std::vector<Flat> Unpadded(std::vector<Flat> flats) {
  for (Flat& flat : flats) {
    flat.value.erase(flat.value.find_last_not_of(std::string_view("\0 ", 2)) + 1);
  }
  return flats;
}

std::string Differences(const std::vector<Flat>& one, const std::vector<Flat>& two) {
  std::string text;
  if (one.size() != two.size()) {
    text = std::to_string(one.size()) + " and " + std::to_string(two.size()) + " elements\n";
  }
  int lines = 0;
  for (size_t i = 0; i < std::min(one.size(), two.size()) && lines < 5; ++i) {
    if (one[i] == two[i]) continue;
    ++lines;
    text += one[i].place + " (" + std::to_string(one[i].value.size()) + " bytes), " + two[i].place +
            " (" + std::to_string(two[i].value.size()) + " bytes)\n";
  }
  return text;
}

std::vector<Flat> FlatByScanner(Source& source, const Uid& transfer_syntax) {
  Scanner scanner(source, EncodingOf(transfer_syntax));
  std::vector<Flat> out;
  std::vector<std::pair<std::string, int>> sequences;  // place, items so far
  auto place = [&](Tag tag) {
    std::string prefix;
    for (const auto& [name, items] : sequences) {
      prefix += name + "[" + std::to_string(items - 1) + "]/";
    }
    return prefix + Hex8(tag);
  };
  while (true) {
    auto event = scanner.Next();
    if (!event) {
      ADD_FAILURE() << event.error().detail;
      return out;
    }
    switch (event->token) {
      case Token::kEnd:
        return out;
      case Token::kCut:
        ADD_FAILURE() << "cut at byte " << event->offset;
        return out;
      case Token::kElement: {
        auto entered = scanner.EnterItems(16 << 20);
        EXPECT_TRUE(entered.has_value());
        if (entered && *entered) {
          sequences.emplace_back(Hex8(event->tag), 0);
          break;
        }
        auto value = scanner.Value(64 << 20);
        EXPECT_TRUE(value.has_value());
        std::string text(value ? AsText(*value) : "");
        size_t unit = event->big_endian ? UnitInDcmtk(event->vr) : 1;
        for (size_t at = 0; at + unit <= text.size(); at += unit) {
          std::reverse(text.begin() + static_cast<ptrdiff_t>(at),
                       text.begin() + static_cast<ptrdiff_t>(at + unit));
        }
        out.push_back({place(event->tag), text});
        break;
      }
      case Token::kSequence:
        sequences.emplace_back(Hex8(event->tag), 0);
        break;
      case Token::kItem:
        EXPECT_EQ(event->depth + 1, sequences.size());
        ++sequences.back().second;
        break;
      case Token::kItemEnd:
        break;
      case Token::kSequenceEnd:
        sequences.pop_back();
        break;
      case Token::kFragments:
      case Token::kFragment:
        ADD_FAILURE() << "no file of tests/data is compressed";
        return out;
    }
  }
}

TemporaryFile::TemporaryFile(Bytes content) {
  std::string pattern = testing::TempDir() + "/sluice-dataset-XXXXXX";
  int fd = mkstemp(pattern.data());
  EXPECT_GE(fd, 0);
  close(fd);
  path_ = pattern;
  WriteAll(path_, content);
}
TemporaryFile::~TemporaryFile() { unlink(path_.c_str()); }

Buffer ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  Bytes bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

void WriteAll(const std::string& path, Bytes content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << AsText(content);
  EXPECT_TRUE(file.good()) << path;
}

Sketch& Sketch::Header(Tag tag, std::string_view vr, uint32_t length) {
  std::byte head[12] = {};
  size_t size = 8;
  bool big = encoding_.big_endian;
  auto put16 = [big](std::byte* at, uint32_t value) {
    big ? StoreBe16(at, static_cast<uint16_t>(value)) : StoreLe16(at, static_cast<uint16_t>(value));
  };
  auto put32 = [big](std::byte* at, uint32_t value) {
    big ? StoreBe32(at, value) : StoreLe32(at, value);
  };
  put16(head, tag >> 16);
  put16(head + 2, tag & 0xFFFF);
  if (!encoding_.explicit_vr || vr.empty()) {
    put32(head + 4, length);
  } else {
    head[4] = static_cast<std::byte>(vr[0]);
    head[5] = static_cast<std::byte>(vr[1]);
    bool wide = vr[0] == 'O' || vr == "SQ" || vr == "UN" || vr == "UT" || vr == "UC" || vr == "UR";
    if (wide) {
      size = 12;
      put32(head + 8, length);
    } else {
      put16(head + 6, length);
    }
  }
  bytes_.insert(bytes_.end(), head, head + size);
  return *this;
}

Sketch& Sketch::Element(Tag tag, std::string_view vr, std::string_view value) {
  return Header(tag, vr, static_cast<uint32_t>(value.size())).Raw(value);
}

Sketch& Sketch::Raw(std::string_view raw) {
  Bytes bytes = AsBytes(raw);
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

}  // namespace router::dataset
