#pragma once
#include <dcmtk/config/osconfig.h>
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dctk.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/uid.h"
#include "router/dataset/scanner.h"
#include "router/dataset/source.h"

// The real files of tests/data as DCMTK reads them, and what DCMTK makes of them in every
// uncompressed transfer syntax: what our own code is measured against.
namespace router::dataset {

const std::vector<std::string>& AllFiles();
// Every RT object and one image of each series.
const std::vector<std::string>& DistinctFiles();
std::string DataFile(std::string_view name);  // below tests/data

std::unique_ptr<DcmFileFormat> Load(const std::string& path);
Uid TransferSyntaxOf(DcmFileFormat& file);

struct Variant {
  std::string name;
  Uid transfer_syntax;
  Buffer bytes;

  Encoded encoded() const { return {bytes, transfer_syntax}; }
};
Buffer WrittenByDcmtk(DcmDataset& dataset, E_TransferSyntax xfer, E_EncodingType lengths);
// Implicit LE, explicit LE, explicit BE, each with defined and undefined lengths, and deflated.
std::vector<Variant> VariantsOf(DcmDataset& dataset);

// One element, flat: where it stands ("300A00B0[0]/300A00B2"), and its value in little endian.
struct Flat {
  std::string place;
  std::string value;
  bool operator==(const Flat&) const = default;
};
std::vector<Flat> FlatByDcmtk(DcmItem& item);
// DCMTK writes the padding of text anew.
std::vector<Flat> Unpadded(std::vector<Flat> flats);
// One line for each difference, the first five; empty if there is none.
std::string Differences(const std::vector<Flat>& one, const std::vector<Flat>& two);
std::vector<Flat> FlatByScanner(Source& source, const Uid& transfer_syntax);

// A file in the directory of the test's own, gone when the test ends.
class TemporaryFile {
 public:
  explicit TemporaryFile(Bytes content = {});
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};
Buffer ReadAll(const std::string& path);
void WriteAll(const std::string& path, Bytes content);

// Data sets written by hand, element by element.
class Sketch {
 public:
  explicit Sketch(Encoding encoding) : encoding_(encoding) {}
  Sketch& Element(Tag tag, std::string_view vr, std::string_view value);
  Sketch& Header(Tag tag, std::string_view vr, uint32_t length);
  Sketch& Item(uint32_t length = kUndefinedLength) { return Header(0xFFFEE000, "", length); }
  Sketch& ItemEnd() { return Header(0xFFFEE00D, "", 0); }
  Sketch& SequenceEnd() { return Header(0xFFFEE0DD, "", 0); }
  Sketch& Raw(std::string_view bytes);
  const Buffer& bytes() const { return bytes_; }

 private:
  Encoding encoding_;
  Buffer bytes_;
};

}  // namespace router::dataset
