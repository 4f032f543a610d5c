#include "router/dataset/convert.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "corpus.h"
#include "router/dataset/part10.h"

namespace router::dataset {
namespace {

const std::string_view kTargets[] = {kImplicitVrLittleEndian, kExplicitVrLittleEndian,
                                     kExplicitVrBigEndian, kDeflatedExplicitVrLittleEndian};

// Read back by the scanner: in implicit VR DCMTK takes a private sequence for bytes.
void ExpectSameContent(const std::string& original, const Region& converted) {
  auto source = Open(converted);
  ASSERT_TRUE(source);
  EXPECT_EQ(Differences(Unpadded(FlatByDcmtk(*Load(original)->getDataset())),
                        Unpadded(FlatByScanner(**source, converted.transfer_syntax))),
            "");
}

TEST(Convert, EveryRealObjectKeepsItsContentInEveryTarget) {
  for (const std::string& path : DistinctFiles()) {
    for (std::string_view target : kTargets) {
      SCOPED_TRACE(path + " to " + std::string(target));
      TemporaryFile out;
      auto converted = Convert(path, out.path(), Uid(target));
      ASSERT_TRUE(converted) << converted.error().detail;
      auto before = ReadPart10Header(path), after = ReadPart10Header(out.path());
      ASSERT_TRUE(after) << after.error().detail;
      EXPECT_EQ(after->meta.transfer_syntax, Uid(target));
      EXPECT_EQ(after->meta.sop_instance, before->meta.sop_instance);
      EXPECT_EQ(after->meta.sop_class, before->meta.sop_class);
      EXPECT_EQ(after->meta.implementation_class, before->meta.implementation_class);
      EXPECT_EQ(after->meta.source, before->meta.source);
      ExpectSameContent(path, after->DatasetOf(out.path()));
    }
  }
}

TEST(Convert, MemoryAndFileGiveTheSameBytes) {
  std::string path = DataFile("varian-eclipse-proton-headphantom/RN.dcm");
  auto header = ReadPart10Header(path);
  Buffer file = ReadAll(path);
  Bytes dataset = Bytes(file).subspan(header->dataset_offset);
  for (std::string_view target : kTargets) {
    TemporaryFile out;
    ASSERT_TRUE(Convert(path, out.path(), Uid(target)));
    Buffer written = ReadAll(out.path());
    auto offset = static_cast<ptrdiff_t>(ReadPart10Header(out.path())->dataset_offset);
    Buffer expected(written.begin() + offset, written.end());
    EXPECT_EQ(*ConvertToBytes(path, Uid(target)), expected);
    EXPECT_EQ(*ConvertToBytes({dataset, header->meta.transfer_syntax}, Uid(target)), expected);
  }
}

Buffer CompressedFile() {
  FileMeta meta{.sop_class = Uid("1.2.840.10008.5.1.4.1.1.2"),
                .sop_instance = Uid("1.2.3"),
                .transfer_syntax = Uid("1.2.840.10008.1.2.4.70"),
                .implementation_class = Uid("1.2.4"),
                .implementation_version = "",
                .source = {}};
  Buffer file = MakeFileMetaHeader(meta);
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00080016, "UI", std::string_view("1.2.840.10008.5.1.4.1.1.2\0", 26));
  sketch.Element(0x00080018, "UI", std::string_view("1.2.3\0", 6));
  sketch.Header(0x7FE00010, "OB", kUndefinedLength).Item(0).Item(4).Raw("\xFF\xD8\xFF\xD9");
  sketch.SequenceEnd();
  file.insert(file.end(), sketch.bytes().begin(), sketch.bytes().end());
  return file;
}

TEST(Convert, CompressedPixelDataIsRefusedWithBothSyntaxesNamedAndNoFileLeft) {
  TemporaryFile in(CompressedFile());
  std::string out = in.path() + ".out";
  auto converted = Convert(in.path(), out, Uid(kExplicitVrLittleEndian));
  ASSERT_FALSE(converted);
  EXPECT_EQ(converted.error().code, Errc::kCorrupt);
  EXPECT_FALSE(converted.error().retryable);
  EXPECT_NE(converted.error().detail.find("1.2.840.10008.1.2.4.70"), std::string::npos);
  EXPECT_NE(converted.error().detail.find(std::string(kExplicitVrLittleEndian)), std::string::npos);
  EXPECT_NE(access(out.c_str(), F_OK), 0);
  EXPECT_FALSE(ConvertToBytes(in.path(), Uid(kImplicitVrLittleEndian)));
}

TEST(Convert, NothingIsCompressed) {
  TemporaryFile out;
  std::string path = DataFile("mim-ct-phantom/ct_1.dcm");
  for (std::string_view target : {"1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.3", ""}) {
    EXPECT_FALSE(Convert(path, out.path(), Uid(target))) << target;
  }
}

TEST(Convert, TruncatedFilesAreRefused) {
  Buffer whole =
      ReadAll(DataFile("raystation-proton-waterbox/"
                       "RS1.2.752.243.1.1.20221205110227749.9000.25475.dcm"));
  for (size_t size : {size_t{0}, size_t{100}, size_t{200}, size_t{2000}, whole.size() - 1}) {
    TemporaryFile cut(Bytes(whole).first(size)), out;
    EXPECT_FALSE(Convert(cut.path(), out.path(), Uid(kExplicitVrLittleEndian))) << size;
  }
}

TEST(Convert, AFullDiskIsRetryable) {
  TemporaryFile full;
  // Through a link, so that nothing but the link can ever be removed.
  ASSERT_EQ(unlink(full.path().c_str()), 0);
  ASSERT_EQ(symlink("/dev/full", full.path().c_str()), 0);
  auto converted =
      Convert(DataFile("mim-ct-phantom/ct_1.dcm"), full.path(), Uid(kExplicitVrBigEndian));
  ASSERT_FALSE(converted);
  EXPECT_EQ(converted.error().code, Errc::kDisk);
  EXPECT_TRUE(converted.error().retryable);
}

TEST(Convert, SeveralAtOnceDoNotDisturbEachOther) {
  std::string path = DataFile("varian-eclipse-proton-headphantom/RN.dcm");
  auto alone = ConvertToBytes(path, Uid(kExplicitVrBigEndian));
  ASSERT_TRUE(alone);
  std::vector<std::jthread> threads;
  std::vector<int> same(4);
  for (int& mine : same) {
    threads.emplace_back([&path, &alone, &mine] {
      for (int i = 0; i < 10; ++i) {
        mine += ConvertToBytes(path, Uid(kExplicitVrBigEndian)) == *alone;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(same, std::vector<int>(4, 10));
}

}  // namespace
}  // namespace router::dataset
