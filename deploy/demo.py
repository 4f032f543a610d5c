"""The demo behind deploy/demo: real Eclipse and RayStation chains, sent backwards through Sluice.

Speaks to the same stand-ins as the tests (tests/peers), with DCMTK's stock tools as clients.
"""
import pathlib
import re
import shutil
import signal
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import harness as h  # noqa: E402
import pydicom  # noqa: E402

CLIENT = "DCMTK"
# Minutes in a clinic, moments in a demo.
IMPATIENT = {"existence": {"first": "200ms", "most": "1s", "per_second": 50},
             "decide_within": "500ms", "settle": "500ms",
             "retry": {"first": "200ms", "most": "1s"}}


class Demo:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-demo-", dir="/tmp"))
        self.started = []
        self.rows = []

    def start(self, kind, *args, **options):
        process = kind(*args, directory=self.directory / options["name"], **options)
        self.started.append(process)
        return process.start()

    def end(self):
        for process in reversed(self.started):
            process.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def set_up(self, machines):
        port = h.free_port()
        self.aria = self.start(h.OrthancAria, name="vmsdbd", peers={"SLUICE": port},
                               machines=machines)
        self.files = self.start(h.Storescp, name="vmsfd", aet="VMSFD-OUT")
        self.pacs = self.start(h.OrthancPacs, name="rtpacs",
                               peers={"VMSDBD": h.free_port(), "SLUICE": port})
        config = h.sluice_config(
            self.directory / "configuration",
            {"VMSDBD": {"address": self.aria.address, "profile": "aria", "machines": machines,
                        "also_called": ["VMSSDBD", "VMSDBD1"], **IMPATIENT},
             "VMSFD-OUT": {"address": self.files.address, "also_called": ["VMSFD"]},
             "RTPACS": {"address": self.pacs.address}},
            port=port, clients=[{"ae_title": [CLIENT, "DCMCTK"], "from": "127.0.0.1"}],
            store={"directory": str(self.directory / "store"), "free_floor": "64MiB"})
        self.sluice = self.start(h.Sluice, config, name="sluice")
        say(f"Sluice stands at {self.sluice.address} in place of VMSDBD; "
            f"VMSDBD ({self.aria.address}) trusts SLUICE alone.")

    def result(self, what, right, detail=""):
        self.rows.append((what, right, detail))
        say(("right: " if right else "WRONG: ") + what + (f" ({detail})" if detail else ""))
        return right

    def send(self, files, title="VMSDBD"):
        sent = h.storescu(self.sluice, files, calling=CLIENT, called=title)
        if sent.returncode != 0:
            self.result(f"storescu of {len(files)} instances", False, sent.output[-300:])

    # ---- injection

    def inject_backwards(self, name, chain):
        say(f"\n== {name}: dose, plan, structure set, then {len(chain.images)} images")
        for kind, file in (("dose", chain.dose), ("plan", chain.plan),
                           ("structure set", chain.structure_set)):
            self.send([file], title="VMSSDBD" if kind == "plan" else "VMSDBD")
            say(f"  sent the {kind} with plain storescu: acknowledged")
        held = self.sluice.held()
        for one in held:
            missing = one["missing"]
            say(f"  held: {one['kind']} {one['sop_instance_uid']}, {one['state']}: waits for "
                f"{len(missing)} {missing[0]['kind'] if missing else ''}, e.g. "
                f"{missing[0]['uid'] if missing else '-'}")
        self.result(f"{name}: three instances held", len(held) == 3)
        self.send(chain.images)
        say(f"  sent {len(chain.images)} images: relayed at once")
        everything = [*chain.images, chain.structure_set, chain.plan, chain.dose]
        wanted = {h.sop_instance_uid(file) for file in everything}
        seen = set()

        def all_there():
            now = {one["kind"] for one in self.sluice.held()}
            for kind in {"structure_set", "plan", "dose"} - now - seen:
                seen.add(kind)
                say(f"  released: {kind}")
            return wanted <= set(self.aria.instances()) and not now
        try:
            h.wait_until(all_there, 120, "everything upstream")
        except h.Timeout:
            return self.result(f"{name}: everything arrived", False, str(self.sluice.held())[:300])
        journal = [line for line in self.aria.journal() if line["uid"] in wanted]
        order = [line["kind"] for line in journal if line["kind"] != "image"]
        images_first = [line["kind"] for line in journal[:len(chain.images)]]
        self.result(f"{name}: order of injection",
                    order == ["structure_set", "plan", "dose"] and set(images_first) == {"image"},
                    f"{len(chain.images)} images → " + " → ".join(order))
        return self.compare(f"{name}: VMSDBD has what was sent", self.aria, everything)

    # ---- moves

    def move(self, name, chain):
        say(f"\n== {name}: plan package to RTPACS, which VMSDBD has never heard of")
        wanted = []
        for file in (chain.images[0], chain.structure_set, chain.plan, chain.dose):
            one = pydicom.dcmread(file, stop_before_pixels=True)
            keys = [f"0020,000D={one.StudyInstanceUID}", f"0020,000E={one.SeriesInstanceUID}"]
            if file == chain.images[0]:
                wanted.append(("image series", ["0008,0052=SERIES", *keys]))
            else:
                wanted.append((one.Modality,
                               ["0008,0052=IMAGE", *keys, f"0008,0018={one.SOPInstanceUID}"]))
        for what, keys in wanted:
            moved = h.movescu(self.sluice, "RTPACS", keys, options=("-S", "-d"), calling=CLIENT)
            done = re.findall(r"Completed Suboperations\s*: (\d+)", moved.output)
            failed = re.findall(r"Failed Suboperations\s*: (\d+)", moved.output)
            say(f"  movescu -aem RTPACS {what}: completed {done[-1:]} failed {failed[-1:]}")
            if moved.returncode != 0 or failed[-1:] not in ([], ["0"]):
                self.result(f"{name}: move of {what}", False, "see the log of Sluice")
        everything = [*chain.images, chain.structure_set, chain.plan, chain.dose]
        return self.compare(f"{name}: RTPACS has what was sent", self.pacs, everything)

    def export_plan(self, chain):
        say("\n== A plan to VMS File Service, called by its alias VMSFD")
        self.send([chain.plan], title="VMSFD")
        return self.compare("VMS File Service has the plan", self.files, [chain.plan])

    def compare(self, what, peer, files):
        arrived = peer.files()
        wrong = [file.name for file in files
                 if h.sop_instance_uid(file) not in arrived or
                 h.canonical_sha256(arrived[h.sop_instance_uid(file)]) != h.canonical_sha256(file)]
        return self.result(what, not wrong, f"{len(files) - len(wrong)} of {len(files)} identical")

    def metrics(self):
        moves = self.sluice.metric("sluice_moves_total", outcome="success")
        released = self.sluice.metric("sluice_released_total")
        self.result("/metrics tells of it", moves == 8 and released >= 6,
                    f"{moves:.0f} moves, {released:.0f} released")

    def table(self):
        width = max(len(row[0]) for row in self.rows)
        say("\n" + "-" * (width + 40))
        for what, right, detail in self.rows:
            say(f"{what:<{width}}  {'right' if right else 'WRONG':<6} {detail}")
        say("-" * (width + 40))
        return all(right for _, right, _ in self.rows)


def say(text):
    print(text, flush=True)


def main():
    keep = sys.argv[1:] == ["--keep"]
    if sys.argv[1:] and not keep:
        say("usage: deploy/demo [--keep]")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    demo = Demo()
    try:
        eclipse, raystation = h.eclipse_chain(), h.raystation_chain()
        demo.set_up(sorted({eclipse.machine, raystation.machine}))
        for name, chain in (("Eclipse", eclipse), ("RayStation", raystation)):
            demo.inject_backwards(name, chain)
            demo.move(name, chain)
        demo.export_plan(eclipse)
        demo.metrics()
        right = demo.table()
        if keep:
            say(f"Everything runs on. Sluice: {demo.sluice.address} (called VMSDBD, from {CLIENT}); "
                f"page and metrics: http://127.0.0.1:{demo.sluice.config.admin_port}/ ; "
                f"RTPACS: {demo.pacs.address}. Ctrl-C ends all of it.")
            try:
                signal.pause()
            except KeyboardInterrupt:
                pass
        return 0 if right else 1
    finally:
        demo.end()


if __name__ == "__main__":
    sys.exit(main())
