#include "router/store/send_script.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "router/base/text.h"

namespace router::store {
namespace {

constexpr size_t kFilesAtOnce = 200;  // far below the limits of a command line

constexpr std::string_view kHead = R"sh(#!/bin/sh
# Instances for {0} that Sluice had acknowledged and that are not known to be there, in the
# order of injection. Needs DCMTK's storescu. Run it on the machine, and with the calling title,
# that {0} trusts:
#
#   sh {1} [--quarantined] [HOST PORT [CALLED [CALLING]]]
#
# --quarantined sends those too that were put aside: manifest.csv says why each of them was.
# It stops at the first instance that is not taken. To send an instance twice does no harm.
set -eu
cd -- "$(dirname -- "$0")"
host={2}
port={3}
called={4}
calling=
quarantined=no
if [ "${{1-}}" = --quarantined ]; then quarantined=yes; shift; fi
if [ $# -ge 2 ]; then host=$1; port=$2; fi
if [ $# -ge 3 ]; then called=$3; fi
if [ $# -ge 4 ]; then calling=$4; fi
if [ $# -eq 1 ] || [ $# -gt 4 ] || [ -z "$host" ] || [ -z "$port" ] || [ -z "$called" ]; then
  echo "usage: sh {1} [--quarantined] HOST PORT [CALLED [CALLING]]" >&2
  exit 2
fi
# TITLE OPTION FILE…
send() {{
  title=$1
  option=$2
  shift 2
  storescu -R $option -aet "${{calling:-$title}}" -aec "$called" "$host" "$port" "$@"
}}
)sh";

}  // namespace

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else if (c != '\0')
      quoted += c;
  }
  return quoted + "'";
}

std::string_view StorescuOption(const Uid& transfer_syntax) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kOptions = {{
      {"1.2.840.10008.1.2.1.99", "-xd"},
      {"1.2.840.10008.1.2.4.50", "-xy"},
      {"1.2.840.10008.1.2.4.51", "-xx"},
      {"1.2.840.10008.1.2.4.70", "-xs"},
      {"1.2.840.10008.1.2.4.80", "-xt"},
      {"1.2.840.10008.1.2.4.81", "-xu"},
      {"1.2.840.10008.1.2.4.90", "-xv"},
      {"1.2.840.10008.1.2.4.91", "-xw"},
      {"1.2.840.10008.1.2.5", "-xr"},
  }};
  for (const auto& [uid, option] : kOptions)
    if (transfer_syntax.view() == uid) return option;
  return {};
}

void SendScript::Add(std::string_view file, const AeTitle& calling, const Uid& transfer_syntax,
                     bool optional) {
  const std::string_view option = StorescuOption(transfer_syntax);
  const Batch* last = batches_.empty() ? nullptr : &batches_.back();
  if (!last || last->calling != calling || last->option != option || last->optional != optional ||
      last->files.size() == kFilesAtOnce)
    batches_.push_back({calling, option, optional, {}});
  batches_.back().files.emplace_back(file);
}

std::string SendScript::Text() const {
  // In comments and in a message between double quotes: letters alone.
  std::string shown;
  for (char c : Printable(application_))
    shown += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '?';
  std::string text = fmt::format(kHead, shown, "send-" + shown + ".sh", Quoted(to_.host),
                                 Quoted(to_.port), Quoted(to_.called.view()));
  for (const Batch& batch : batches_) {
    if (batch.optional) text += "if [ \"$quarantined\" = yes ]; then\n";
    text += "send " + Quoted(batch.calling.view()) + " " + Quoted(batch.option);
    for (const std::string& file : batch.files) text += " \\\n  " + Quoted(file);
    text += "\n";
    if (batch.optional) text += "fi\n";
  }
  return text + "echo \"all of it was taken\"\n";
}

}  // namespace router::store
