#include "router/admin/page.h"

#include <openssl/evp.h>

#include <array>

namespace router::admin {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 1.5rem auto; max-width: 80rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884; vertical-align: top; }
th { font-weight: 600; } td.uid { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.good { color: #187a3c; } .bad { color: #c02626; font-weight: 600; } .dim { opacity: .7; }
input { font: inherit; width: 12rem; }
)css";

constexpr std::string_view kScript = R"js(
'use strict';
const byId = (id) => document.getElementById(id);
const token = byId('token');
function cell(text, style) {
  const td = document.createElement('td');
  td.textContent = text;
  if (style) td.className = style;
  return td;
}
function fill(body, rows, empty) {
  if (rows.length === 0) {
    const td = cell(empty, 'dim');
    td.colSpan = 8;
    rows = [[td]];
  }
  body.replaceChildren(...rows.map((cells) => {
    const tr = document.createElement('tr');
    tr.append(...cells);
    return tr;
  }));
}
function age(since) {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 60000));
  if (minutes < 60) return minutes + ' min';
  if (minutes < 2880) return Math.floor(minutes / 60) + ' h ' + (minutes % 60) + ' min';
  return Math.floor(minutes / 1440) + ' days';
}
function waits(held) {
  if (held.missing.length === 0) return held.reason;
  const first = held.missing[0];
  const more = held.missing.length - 1 + (held.missing_more || 0);
  return first.kind + ' ' + first.uid + (more ? ' and ' + more + ' more' : '') +
      (held.existing ? ' (' + held.existing + ' exist)' : '');
}
function heldRow(h) {
  const why = h.state === 'quarantined' ? h.reason : waits(h);
  return [cell(h.state, h.state === 'quarantined' ? 'bad' : ''), cell(h.kind), cell(h.application),
          cell(h.client), cell(age(h.since)), cell(why), cell(h.sop_instance_uid, 'uid')];
}
function destinationRow(d) {
  const up = d.up === null ? ['not yet called', 'dim'] : d.up ? ['up', 'good'] : ['down', 'bad'];
  return [cell(d.name), cell(d.address), cell(...up), cell(d.breaker), cell(d.queued),
          cell(d.held), cell(d.quarantined, d.quarantined ? 'bad' : ''), cell(d.last_error)];
}
async function ask(path) {
  const headers = token.value ? {Authorization: 'Bearer ' + token.value} : {};
  const response = await fetch(path, {headers, cache: 'no-store'});
  const answer = await response.json();
  if (answer.error) throw new Error(answer.error);
  return answer;
}
async function refresh() {
  const state = byId('state');
  try {
    const [ready, held, destinations] = await Promise.all(
        [ask('/readyz'), ask('/api/v1/held'), ask('/api/v1/destinations')]);
    state.textContent = ready.ready ? 'ready' : 'not ready: ' + ready.reasons.join('; ');
    state.className = ready.ready ? 'good' : 'bad';
    byId('when').textContent = new Date().toLocaleTimeString();
    fill(byId('held'), held.held.map(heldRow), 'nothing is held');
    byId('more').hidden = held.next === undefined;
    fill(byId('destinations'), destinations.destinations.map(destinationRow), 'none');
  } catch (error) {
    state.textContent = error.message;
    state.className = 'bad';
  }
}
token.addEventListener('change', refresh);
refresh();
setInterval(refresh, 5000);
)js";

constexpr std::string_view kBody = R"html(
<header><h1>Sluice</h1><span id="state" class="dim">asking</span>
<span class="dim">as of <span id="when">never</span></span>
<label class="dim">token <input id="token" type="password" autocomplete="off"
placeholder="not needed on this machine"></label></header>
<h2>Held</h2>
<table><thead><tr><th>State</th><th>Kind</th><th>Application</th><th>Client</th><th>Held for</th>
<th>Waits for, or why</th><th>SOP Instance UID</th></tr></thead><tbody id="held"></tbody></table>
<p id="more" class="dim" hidden>Only the first are shown; <code>sluice held</code> lists all.</p>
<h2>Destinations</h2>
<table><thead><tr><th>Name</th><th>Address</th><th>State</th><th>Breaker</th><th>Queued</th>
<th>Held</th><th>Quarantined</th><th>Last error</th></tr></thead><tbody id="destinations"></tbody>
</table>
)html";

std::string Assemble() {
  std::string page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  page += "<meta name=\"viewport\" content=\"width=device-width\"><title>Sluice</title>";
  page.append("<style>").append(kStyle).append("</style></head><body>").append(kBody);
  page.append("<script>").append(kScript).append("</script></body></html>\n");
  return page;
}

// CSP level 3: 'sha256-' and the digest of what stands between the tags, in base64.
std::string DigestSource(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::array<unsigned char, size_t{2} * EVP_MAX_MD_SIZE> base64;
  int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return "'sha256-" + std::string(base64.begin(), base64.begin() + length) + "'";
}

}  // namespace

std::string_view Page() {
  static const std::string page = Assemble();
  return page;
}

const std::string& PagePolicy() {
  static const std::string policy = "default-src 'none'; connect-src 'self'; script-src " +
                                    DigestSource(kScript) + "; style-src " + DigestSource(kStyle) +
                                    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return policy;
}

}  // namespace router::admin
