#include "router/dataset/init.h"

#include <dcmtk/config/osconfig.h>
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/oflog/spi/logevent.h>

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

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
    std::string place = PlaceOf(file, event.getLine());
    uint64_t times = Count(place);
    if (!IsPowerOfTen(times)) return;
    log::Warning("DCMTK complains",
                 {{"at", place}, {"element", FirstTagIn(message)}, {"times", times}});
  }

 private:
  // A peer that sends the same fault a thousand times must not fill the log: the first, the tenth,
  // the hundredth … of each place are said.
  uint64_t Count(const std::string& place) {
    std::lock_guard lock(mutex_);
    return ++times_[place];
  }

  std::mutex mutex_;
  std::unordered_map<std::string, uint64_t> times_;  // as many as DCMTK has such places
};

}  // namespace

bool IsPowerOfTen(uint64_t number) {
  while (number > 1 && number % 10 == 0) number /= 10;
  return number == 1;
}

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
