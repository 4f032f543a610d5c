#include <fmt/format.h>

#include "router/config/values.h"

// What the types are called on the page of documentation, and the texts that they take, as far as a
// pattern can tell: an editor may let a fault pass, but must find none where there is none.
namespace router::config {
namespace {

ScalarType Text(std::string name, std::string plural, std::string pattern) {
  ScalarType type;
  type.name = std::move(name);
  type.plural = std::move(plural);
  type.pattern = std::move(pattern);
  return type;
}

// What YAML may take for a number or a truth value although it is none.
ScalarType Any(std::string name, std::string plural, std::string pattern) {
  ScalarType type = Text(std::move(name), std::move(plural), std::move(pattern));
  type.any_scalar = true;
  return type;
}

ScalarType Port(std::string least) {
  ScalarType type = Text("port", "ports", "^[0-9]{1,12}$");
  type.number = true;
  type.least = std::move(least);
  type.most = "65535";
  return type;
}

}  // namespace

template <>
ScalarType TypeOf<std::string>() {
  return Any("text", "texts", "^.+$");
}
template <>
ScalarType TypeOf<uint32_t>() {
  ScalarType type = Text("number", "numbers", "^[0-9]{1,12}$");
  type.number = true;
  return type;
}
template <>
ScalarType TypeOf<Duration>() {
  return Text("duration", "durations", "^[0-9]{1,12}(ms|s|m|h|d)$");
}
template <>
ScalarType TypeOf<ByteCount>() {
  return Text("size", "sizes", "^[0-9]{1,12}(B|KiB|MiB|GiB|TiB)$");
}
template <>
ScalarType TypeOf<AeTitle>() {
  return Any("AE title", "AE titles", R"(^ *[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])? *$)");
}
template <>
ScalarType TypeOf<Cidr>() {
  return Text("range", "ranges", R"(^ *[0-9A-Fa-f.:]+(%\S+)?(/[0-9]{1,3})? *$)");
}
template <>
ScalarType TypeOf<Endpoint>() {
  return Text("endpoint", "endpoints", R"(^ *\S+:[0-9]{1,5} *$)");
}
template <>
ScalarType TypeOf<StatusPattern>() {
  return Any("status", "statuses", "^(0[xX])?[0-9A-Fa-fxX]{4}$");
}
template <>
ScalarType TypeOf<ListenPort>() {
  return Port("0");
}
template <>
ScalarType TypeOf<ClientPort>() {
  return Port("1");
}
template <>
ScalarType TypeOf<ListenEndpoint>() {
  return Any("listener", "listeners", R"(^ *(\[?[0-9A-Fa-f.:]+(%\S+)?\]?:)?[0-9]{1,12} *$)");
}
template <>
ScalarType TypeOf<TitlePattern>() {
  return Any("title pattern", "title patterns", R"(^[^\\]{1,64}$)");
}
template <>
ScalarType TypeOf<MachineName>() {
  return Any("machine", "machines", R"(^ *[^ \\]([^\\]{0,14}[^ \\])? *$)");
}
template <>
ScalarType TypeOf<AbsolutePath>() {
  return Text("absolute path", "absolute paths", "^/");
}
template <>
ScalarType TypeOf<ListenAddress>() {
  return Text("numeric address", "numeric addresses", R"(^ *[0-9A-Fa-f.:]+(%\S+)? *$)");
}
template <>
ScalarType TypeOf<FilePattern>() {
  return Any("file pattern", "file patterns", "^.+$");
}

std::string Write(const StatusPattern& pattern) {
  std::string text = fmt::format("{:04X}", pattern.value);
  for (size_t i = 0; i < 4; ++i)
    if ((pattern.mask >> (12 - 4 * i) & 0xF) == 0) text[i] = 'x';
  return text;
}

std::string Write(const Endpoint& endpoint) {
  return endpoint == Endpoint() ? std::string() : endpoint.str();
}

}  // namespace router::config
