#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// PDUs and messages by hand, after PS3.8 9.3 and PS3.7 6.3 alone: nothing here comes from router/.
namespace model {

using Bytes = std::string;  // of octets

enum PduType : uint8_t { kRq = 1, kAc, kRj, kData, kReleaseRq, kReleaseRp, kAbort };

Bytes Be16(uint16_t value);
Bytes Be32(uint32_t value);
Bytes Pdu(uint8_t type, const Bytes& body);

struct Context {
  uint8_t id;
  std::string abstract_syntax;
};
Bytes AssociateRq(const std::vector<Context>& contexts, uint32_t max_length);
// Accepts everything that the request (its body) proposes.
Bytes AssociateAc(const Bytes& request, uint32_t max_length);
Bytes ReleaseRq();
Bytes ReleaseRp();
Bytes Abort();
// What the user information of a request or an answer (its body) says; 0: no limit.
uint32_t MaxLengthOf(const Bytes& body);

// A message: elements of group 0000 but for the group length, and perhaps a data set.
struct Message {
  uint8_t context = 1;
  std::map<uint16_t, Bytes> command;  // encoded values, of even length
  std::optional<Bytes> data_set;
  bool operator==(const Message&) const = default;
};
Bytes Us(uint16_t value);  // little endian
Bytes Uid(const std::string& uid);
Bytes CommandSet(const Message& message);

// One PDV; PDVs of a message are packed into PDUs in any way.
Bytes Pdv(uint8_t context, bool is_command, bool last, const Bytes& fragment);

// What one side sees of the other: whole messages, and how it ended. Fed with octets as they come.
class Listener {
 public:
  void Feed(const Bytes& octets);
  std::vector<Message> messages;  // complete ones
  Bytes begun;                    // data set of one that is not complete
  std::optional<Message> half;    // its command, if that is complete
  Bytes request;                  // body of an A-ASSOCIATE-RQ
  std::optional<Bytes> answer;    // body of an A-ASSOCIATE-AC
  bool rejected = false, released = false, confirmed = false, aborted = false;
  uint32_t longest = 0;  // P-DATA-TF, its length field
  std::string fault;     // what no implementation may send

 private:
  void OnPdu(uint8_t type, const Bytes& body);
  void OnPdv(const Bytes& value);
  Bytes left_, command_;
};

// A TCP connection that neither writes nor reads unless Exchange is asked to.
class Connection {
 public:
  explicit Connection(int socket = -1) : socket_(socket) {}
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection() { Close(); }

  static Connection To(uint16_t port);
  void Close();
  void Reset();  // RST in place of FIN
  bool open() const { return socket_ >= 0; }
  int socket() const { return socket_; }

  Bytes out;            // to be written
  Listener in;          // what came
  bool ended = false;   // the other side closed or reset
  bool broken = false;  // what is in `out` cannot be written any more

 private:
  friend class Exchange;
  int socket_ = -1;
};

// Writes and reads on both until `done` says so; false after `at_most`, or when both have ended.
class Exchange {
 public:
  Exchange(Connection& a, Connection& b) : ends_{&a, &b} {}
  template <class Done>
  bool Until(Done done, std::chrono::milliseconds at_most = std::chrono::seconds(20)) {
    const auto by = std::chrono::steady_clock::now() + at_most;
    while (!done()) {
      if (std::chrono::steady_clock::now() > by || !Step()) return done();
    }
    return true;
  }

 private:
  bool Step();
  Connection* ends_[2];
};

// A listening socket on a free port of the loopback.
class Port {
 public:
  Port();
  ~Port();
  uint16_t number() const { return number_; }
  Connection Accept();

 private:
  int socket_;
  uint16_t number_ = 0;
};

}  // namespace model
