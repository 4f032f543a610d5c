#include "router/dataset/source.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "corpus.h"

namespace router::dataset {
namespace {

Buffer Pattern(size_t size) {
  Buffer bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  return bytes;
}

// Everything that comes, with the given strides of skipping in between.
void ExpectReads(Source& source, const Buffer& expected, size_t peek, size_t skip) {
  uint64_t at = 0;
  while (true) {
    auto piece = source.Peek(peek);
    ASSERT_TRUE(piece);
    ASSERT_GE(piece->size(), std::min<uint64_t>(peek, expected.size() - at));
    ASSERT_TRUE(std::ranges::equal(*piece, Bytes(expected).subspan(at, piece->size())));
    auto passed = source.Skip(skip);
    ASSERT_TRUE(passed);
    at += *passed;
    if (*passed < skip) break;
  }
  EXPECT_EQ(at, expected.size());
}

TEST(Source, MemoryFileAndDeflatedFileShowTheSameBytes) {
  Buffer bytes = Pattern(1'000'002);
  TemporaryFile file(bytes), deflated(Deflate(bytes));
  for (auto [peek, skip] : {std::pair<size_t, size_t>{1, 4096}, {300'000, 1}, {8, 700'000}}) {
    if (skip == 1) skip = 99'991;
    ExpectReads(*Open(Encoded{bytes, Uid(kImplicitVrLittleEndian)}), bytes, peek, skip);
    ExpectReads(**Open(Region{file.path(), 0, Uid(kImplicitVrLittleEndian)}), bytes, peek, skip);
    ExpectReads(**Open(Region{deflated.path(), 0, Uid(kDeflatedExplicitVrLittleEndian)}), bytes,
                peek, skip);
  }
}

TEST(Source, ARegionBeginsAtItsOffset) {
  Buffer bytes = Pattern(5000);
  TemporaryFile file(bytes);
  Buffer tail(bytes.begin() + 1234, bytes.end());
  ExpectReads(**Open(Region{file.path(), 1234, Uid()}), tail, 16, 100);
  auto behind = Open(Region{file.path(), 6000, Uid()});
  ASSERT_TRUE(behind);
  EXPECT_TRUE((*behind)->Peek(1)->empty());
}

TEST(Source, AMissingFileIsNotFound) {
  auto source = Open(Region{"/nonexistent/instance.dcm", 0, Uid()});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::kNotFound);
  EXPECT_EQ(source.error().blame, Blame::kInternal);
}

TEST(Source, WithoutADescriptorItMayBeTriedAgain) {
#ifdef SLUICE_UBSAN
  GTEST_SKIP() << "UBSan itself needs descriptors";
#endif
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  auto source = OpenRaw({"/dev/null", 0, Uid()});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, Errc::kDisk);
  EXPECT_TRUE(source.error().retryable);
  auto gone = OpenRaw({"/dev/null/nothing", 0, Uid()});
  ASSERT_FALSE(gone);
  EXPECT_TRUE(gone.error().retryable);
  EXPECT_FALSE(OpenRaw({"/nowhere", 0, Uid()}).error().retryable);
}

TEST(Source, WhatCannotBeInflatedIsBlamedOnTheSender) {
  Buffer garbage(100, std::byte{0xFF});
  auto inflated = Inflate(garbage);
  ASSERT_FALSE(inflated);
  EXPECT_EQ(inflated.error().code, Errc::kCorrupt);
  EXPECT_EQ(inflated.error().blame, Blame::kDownstream);
}

TEST(Source, DeflatedBytesAreEvenAndComeBack) {
  for (size_t size = 0; size < 200; ++size) {
    Buffer bytes = Pattern(size);
    Buffer deflated = Deflate(bytes);
    EXPECT_EQ(deflated.size() % 2, 0u);
    EXPECT_EQ(*Inflate(deflated), bytes);
  }
}

}  // namespace
}  // namespace router::dataset
