// Writes DICOM files in other transfer syntaxes, thousands in one process:
//
//   sluice_transcode < JOBS      one job a line: SOURCE \t TRANSFER-SYNTAX-UID \t TARGET
//
// Prints the TARGETs that could be written, a line each. What DCMTK cannot encode so (pixels of
// 32 bits as JPEG, say) is left out. Exits with 1 when a job cannot be understood.
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dcrlerp.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrplol.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <dcmtk/dcmjpls/djrparam.h>

#include <iostream>
#include <memory>
#include <sstream>
#include <string>

namespace {

std::unique_ptr<DcmRepresentationParameter> ParametersFor(E_TransferSyntax syntax) {
  switch (syntax) {
    case EXS_RLELossless:
      return std::make_unique<DcmRLERepresentationParameter>();
    case EXS_JPEGProcess14SV1:
      return std::make_unique<DJ_RPLossless>();
    case EXS_JPEGLSLossless:
      return std::make_unique<DJLSRepresentationParameter>(0, OFTrue);
    case EXS_JPEGLSLossy:
      return std::make_unique<DJLSRepresentationParameter>(2, OFFalse);
    default:
      return nullptr;
  }
}

bool Transcode(const std::string& source, E_TransferSyntax syntax, const std::string& target) {
  DcmFileFormat file;
  if (file.loadFile(source.c_str()).bad()) return false;
  DcmDataset& data_set = *file.getDataset();
  const auto parameters = ParametersFor(syntax);
  if (data_set.chooseRepresentation(syntax, parameters.get()).bad()) return false;
  if (!data_set.canWriteXfer(syntax)) return false;
  return file.saveFile(target.c_str(), syntax).good();
}

}  // namespace

int main() {
  DcmRLEEncoderRegistration::registerCodecs();
  DcmRLEDecoderRegistration::registerCodecs();
  DJEncoderRegistration::registerCodecs();
  DJDecoderRegistration::registerCodecs();
  DJLSEncoderRegistration::registerCodecs();
  DJLSDecoderRegistration::registerCodecs();
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream job(line);
    std::string source, uid, target;
    if (!std::getline(job, source, '\t') || !std::getline(job, uid, '\t') ||
        !std::getline(job, target)) {
      std::cerr << "not a job: " << line << "\n";
      return 1;
    }
    const DcmXfer syntax(uid.c_str());
    if (syntax.getXfer() == EXS_Unknown) {
      std::cerr << "not a transfer syntax: " << uid << "\n";
      return 1;
    }
    if (Transcode(source, syntax.getXfer(), target)) std::cout << target << "\n";
  }
  return 0;
}
