#include "router/store/send_script.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "router/base/text.h"

namespace router::store {
namespace {

constexpr size_t kFilesAtOnce = 200;  // far below the limits of a command line

// {0}: the application, {1}: its script, {2} to {4}: where it is.
constexpr std::string_view kHead = R"sh(#!/bin/sh
# Instances for {0} that Sluice had acknowledged and that are not known to be there, in the
# order of injection. Needs DCMTK's storescu. Run it on the machine, and with the calling title,
# that {0} trusts:
#
#   sh {1} [--quarantined] [HOST PORT [CALLED [CALLING]]]
#
# --quarantined sends those too that were put aside: manifest.csv says why each of them was.
# It says of each file what was answered, and stops at the first that is not taken, with exit code
# 1. Run it again then: what was taken is written down beside it, and not sent again.
set -eu
cd -- "$(dirname -- "$0")"
host={2}
port={3}
called={4}
)sh";

constexpr std::string_view kBody = R"sh(calling=
quarantined=no
me=$(basename -- "$0")
taken=${me%.sh}.taken
if [ "${1-}" = --quarantined ]; then quarantined=yes; shift; fi
if [ $# -ge 2 ]; then host=$1; port=$2; fi
if [ $# -ge 3 ]; then called=$3; fi
if [ $# -ge 4 ]; then calling=$4; fi
if [ $# -eq 1 ] || [ $# -gt 4 ] || [ -z "$host" ] || [ -z "$port" ] || [ -z "$called" ]; then
  echo "usage: sh $me [--quarantined] HOST PORT [CALLED [CALLING]]" >&2
  exit 2
fi
if ! command -v storescu > /dev/null; then
  echo "$me: there is no storescu here: install DCMTK (Debian: apt install dcmtk)" >&2
  exit 2
fi
if ! (: >> "$taken") 2> /dev/null; then
  echo "$me: cannot write $taken, so what is taken now is not known to the next run" >&2
  taken=/dev/null
fi
resumed=no
if [ -s "$taken" ]; then resumed=yes; fi
# FILE: the line of $taken that says that it was taken, there
line_of() { printf '%s %s %s %s\n' "$called" "$host" "$port" "$1"; }
# COUNT: reads what storescu says of so many files. Its exit code is 0 for some statuses that are
# failures, so its lines are what counts.
tell() {
  left=$1
  file=
  said=
  while IFS= read -r line; do
    case $line in
    *'Sending file: '*)
      file=${line#*Sending file: }
      said= ;;
    *'Received Store Response ('*)
      said=${line#*Received Store Response (}
      said=${said%)*}
      case $said in
      Success* | Warning* | *': Success'* | *': Warning'*)
        printf '%s: taken (%s)\n' "$file" "$said"
        line_of "$file" >> "$taken"
        left=$((left - 1))
        file=
        said= ;;
      *)
        printf '%s: NOT TAKEN (%s)\n' "$file" "$said" >&2 ;;
      esac ;;
    E:* | F:* | W:*)
      printf '  storescu: %s\n' "$line" >&2 ;;
    esac
  done
  if [ "$left" -le 0 ]; then return 0; fi
  {
    printf '%s: stopped: %s (%s, port %s) ' "$me" "$called" "$host" "$port"
    if [ -n "$said" ]; then echo 'answered as above.'; else echo 'gave no answer, see above.'; fi
    echo "  Nothing after that was sent. manifest.csv says what each file is, and what it needs."
    if [ "$taken" = /dev/null ]; then
      echo "  Mend that, then run the same again: it sends all of it again, which does no harm."
    else
      echo "  Mend that, then run the same again: what was taken is not sent again."
    fi
    if [ -n "$file" ] && [ "$taken" != /dev/null ]; then
      echo "  To go on without this one, add to $taken the line"
      line_of "$file"
    fi
  } >&2
  return 1
}
# TITLE OPTION FILE…
send() {
  title=$1
  option=$2
  shift 2
  if [ $resumed = yes ]; then
    for file in "$@"; do
      shift
      if line_of "$file" | grep -Fxq -f - -- "$taken"; then
        printf '%s: taken before\n' "$file"
      else
        set -- "$@" "$file"
      fi
    done
  fi
  if [ $# -eq 0 ]; then return 0; fi
  storescu -v -R $option -aet "${calling:-$title}" -aec "$called" "$host" "$port" "$@" 2>&1 |
    tell $# || exit 1
}
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
  // In comments and in messages between double quotes: letters alone.
  std::string shown;
  for (char c : Printable(application_))
    shown += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '?';
  std::string text = fmt::format(kHead, shown, "send-" + shown + ".sh", Quoted(to_.host),
                                 Quoted(to_.port), Quoted(to_.called.view()));
  text += kBody;
  size_t aside = 0;
  for (const Batch& batch : batches_) {
    if (batch.optional) text += "if [ \"$quarantined\" = yes ]; then\n";
    text += "send " + Quoted(batch.calling.view()) + " " + Quoted(batch.option);
    for (const std::string& file : batch.files) text += " \\\n  " + Quoted(file);
    text += "\n";
    if (batch.optional) text += "fi\n";
    if (batch.optional) aside += batch.files.size();
  }
  if (aside == 0) return text + "echo \"all of it was taken\"\n";
  return text +
         fmt::format(
             "if [ \"$quarantined\" = yes ]; then echo \"all of it was taken\"; else\n"
             "  echo \"all was taken but {} that were put aside: --quarantined sends them\"\n"
             "fi\n",
             aside);
}

}  // namespace router::store
