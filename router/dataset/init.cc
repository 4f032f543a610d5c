#include "router/dataset/init.h"

#include <dcmtk/config/osconfig.h>
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/oflog/spi/logevent.h>

#include <string_view>

#include "router/base/log.h"
#include "router/dataset/dcmtk_log.h"
#include "router/dataset/dictionary.h"

namespace router::dataset {
namespace {

namespace log4cplus = dcmtk::log4cplus;

class ToOurLog : public log4cplus::Appender {
 public:
  ~ToOurLog() override { destructorImpl(); }
  void close() override {}

 protected:
  void append(const log4cplus::spi::InternalLoggingEvent& event) override {
    std::string_view file(event.getFile().data(), event.getFile().size());
    std::string_view message(event.getMessage().data(), event.getMessage().size());
    log::Warning("DCMTK complains",
                 {{"at", PlaceOf(file, event.getLine())}, {"element", FirstTagIn(message)}});
  }
};

}  // namespace

std::string PlaceOf(std::string_view file, int line) {
  if (size_t slash = file.rfind('/'); slash != std::string_view::npos)
    file.remove_prefix(slash + 1);
  return std::string(file) + ":" + std::to_string(line);
}

std::string FirstTagIn(std::string_view message) {
  constexpr size_t kLength = 11;  // (gggg,eeee)
  for (size_t at = message.find('('); at != std::string_view::npos;
       at = message.find('(', at + 1)) {
    std::string_view maybe = message.substr(at, kLength);
    if (maybe.size() == kLength && maybe[5] == ',' && maybe.back() == ')' &&
        maybe.find_first_not_of("0123456789abcdefABCDEF,", 1) == kLength - 1) {
      return std::string(maybe);
    }
  }
  return "";
}

Result<> Start() {
  log4cplus::Logger root = log4cplus::Logger::getRoot();
  root.removeAllAppenders();
  root.addAppender(log4cplus::SharedAppenderPtr(new ToOurLog));
  root.setLogLevel(log4cplus::WARN_LOG_LEVEL);
  if (!dcmDataDict.isDictionaryLoaded()) {
    return Fail(Errc::kNotFound, Blame::kInternal,
                "DCMTK finds no data dictionary: is its package complete, is DCMDICTPATH wrong?");
  }
  VrInDictionary(0);  // copies it
  return {};
}

}  // namespace router::dataset
