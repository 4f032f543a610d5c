#include "router/dataset/part10.h"

#include <gtest/gtest.h>

#include "corpus.h"
#include "router/dataset/sound.h"

namespace router::dataset {
namespace {

FileMeta Sample() {
  return {.sop_class = Uid("1.2.840.10008.5.1.4.1.1.481.5"),
          .sop_instance = Uid("1.2.246.352.71.5.1"),
          .transfer_syntax = Uid(kImplicitVrLittleEndian),
          .implementation_class = Uid("1.2.826.0.1.3680043.10.1"),
          .implementation_version = "SLUICE_0_1",
          .source = AeTitle::FromWire("ECLIPSE")};
}

Buffer SampleFile() {
  Buffer file = MakeFileMetaHeader(Sample());
  Sketch dataset({});
  dataset.Element(0x00080016, "", "1.2.840.10008.5.1.4.1.1.481.5");
  dataset.Element(0x00080018, "", "1.2.246.352.71.5.1");
  file.insert(file.end(), dataset.bytes().begin(), dataset.bytes().end());
  return file;
}

TEST(Part10, WhatIsWrittenIsReadAgainAndTheDataSetBeginsBehindIt) {
  TemporaryFile file(SampleFile());
  auto header = ReadPart10Header(file.path());
  ASSERT_TRUE(header) << header.error().detail;
  EXPECT_EQ(header->meta.sop_class, Sample().sop_class);
  EXPECT_EQ(header->meta.sop_instance, Sample().sop_instance);
  EXPECT_EQ(header->meta.transfer_syntax, Sample().transfer_syntax);
  EXPECT_EQ(header->meta.implementation_class, Sample().implementation_class);
  EXPECT_EQ(header->meta.implementation_version, "SLUICE_0_1");
  EXPECT_EQ(header->meta.source, Sample().source);
  EXPECT_EQ(header->dataset_offset, MakeFileMetaHeader(Sample()).size());
  EXPECT_EQ(header->dataset_offset + header->dataset_length, SampleFile().size());
}

TEST(Part10, DcmtkReadsWhatIsWritten) {
  TemporaryFile file(SampleFile());
  DcmFileFormat theirs;
  // Nothing but a complete file with meta information will do.
  OFCondition read = theirs.loadFile(file.path().c_str(), EXS_Unknown, EGL_noChange,
                                     DCM_MaxReadLength, ERM_fileOnly);
  ASSERT_TRUE(read.good()) << read.text();
  OFString value;
  EXPECT_TRUE(
      theirs.getMetaInfo()->findAndGetOFString(DCM_SourceApplicationEntityTitle, value).good());
  EXPECT_EQ(value, "ECLIPSE");
  EXPECT_TRUE(
      theirs.getMetaInfo()->findAndGetOFString(DCM_MediaStorageSOPInstanceUID, value).good());
  EXPECT_EQ(value, "1.2.246.352.71.5.1");
  EXPECT_TRUE(theirs.getDataset()->findAndGetOFString(DCM_SOPInstanceUID, value).good());
  EXPECT_EQ(value, "1.2.246.352.71.5.1");
}

TEST(Part10, ReadsOfEveryRealFileWhatDcmtkReads) {
  for (const std::string& path : AllFiles()) {
    SCOPED_TRACE(path);
    auto header = ReadPart10Header(path);
    ASSERT_TRUE(header) << header.error().detail;
    auto file = Load(path);
    auto meta = [&](const DcmTagKey& key) {
      OFString value;
      file->getMetaInfo()->findAndGetOFString(key, value);
      return std::string(value.data(), value.size());
    };
    EXPECT_EQ(header->meta.transfer_syntax.str(), meta(DCM_TransferSyntaxUID));
    EXPECT_EQ(header->meta.sop_class.str(), meta(DCM_MediaStorageSOPClassUID));
    EXPECT_EQ(header->meta.sop_instance.str(), meta(DCM_MediaStorageSOPInstanceUID));
    EXPECT_EQ(header->meta.implementation_class.str(), meta(DCM_ImplementationClassUID));
    EXPECT_EQ(header->dataset_offset + header->dataset_length, ReadAll(path).size());
    EXPECT_TRUE(CheckSound(header->DatasetOf(path))) << "the data set does not begin there";
  }
}

TEST(Part10, WhatHasNoPreambleIsNoPart10File) {  // as Monaco writes them
  Buffer file = SampleFile();
  auto header = MakeFileMetaHeader(Sample()).size();
  Buffer raw(file.begin() + static_cast<ptrdiff_t>(header), file.end());
  Buffer without(file.begin() + 132, file.end());
  for (const Buffer& bytes : {raw, without, Buffer()}) {
    TemporaryFile written(bytes);
    auto read = ReadPart10Header(written.path());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::kCorrupt);
  }
}

TEST(Part10, AWrongGroupLengthIsRefusedAndAMissingOneIsNot) {
  Buffer file = SampleFile();
  EXPECT_TRUE(ParsePart10Header(file, file.size()));
  Buffer wrong = file;
  wrong[140] = static_cast<std::byte>(std::to_integer<int>(wrong[140]) + 2);
  EXPECT_FALSE(ParsePart10Header(wrong, wrong.size()));
  Buffer missing = file;
  missing.erase(missing.begin() + 132, missing.begin() + 144);
  auto header = ParsePart10Header(missing, missing.size());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->dataset_offset, MakeFileMetaHeader(Sample()).size() - 12);
}

TEST(Part10, WithoutTransferSyntaxNothingIsAssumed) {
  FileMeta meta = Sample();
  meta.transfer_syntax = Uid();
  Buffer file = MakeFileMetaHeader(meta);
  EXPECT_FALSE(ParsePart10Header(file, file.size()));
}

TEST(Part10, EveryTruncationOfTheHeaderIsRefused) {
  Buffer file = MakeFileMetaHeader(Sample());
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParsePart10Header(Bytes(file).first(size), size)) << size;
  }
  EXPECT_TRUE(ParsePart10Header(file, file.size()));
}

TEST(Part10, AMissingFileIsNotFound) {
  EXPECT_EQ(ReadPart10Header("/nonexistent.dcm").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace router::dataset
