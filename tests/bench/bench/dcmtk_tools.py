"""storescu to storescp, as installed and with TCP_NODELAY=1, directly and through each proxy."""
import contextlib
import sys

import harness
import stock_dcmtk

from . import ways
from .figures import Figure, ratio
from .registry import measure

ROUNDS = {"smoke": (1, 1), "quick": (1, 3), "full": (3, 9)}  # as installed, with TCP_NODELAY=1


@measure("dcmtk")
def tools(run):
    slices = harness.vary(harness.eclipse_chain().images[0], run.memory / "slices",
                          run.scale["slices"], pad_to=stock_dcmtk.SLICE_BYTES)
    for nodelay in (False, True):
        kind = "nodelay" if nodelay else "stock"
        folder = run.memory / kind
        scp = run.own(harness.Storescp(folder / "scp", nodelay=nodelay).start())
        between = {"direct": scp}
        if ways.Haproxy.available():
            between["haproxy"] = run.own(ways.Haproxy(scp, folder / "haproxy")).start()
        between["sluice"] = run.own(ways.Sluice(scp, folder / "sluice")).start()
        found = {name: [] for name in between}
        for _ in range(ROUNDS[run.scale_name][nodelay]):
            for name, way in between.items():
                with contextlib.redirect_stdout(sys.stderr):
                    seconds = stock_dcmtk.measure(name, (way.host, way.port, scp.aet), scp, slices,
                                                  nodelay)
                found[name].append(len(slices) / seconds)
        for name, samples in found.items():
            run.point("tools", ways.TITLES[name],
                      "with TCP_NODELAY=1" if nodelay else "as installed", Figure(samples),
                      title=f"storescu to storescp, {len(slices)} CT slices", unit="slices/s",
                      axis="tools")
        run.target(f"dcmtk/{kind}", ratio(found["sluice"], found["direct"]))
        for way in reversed(between.values()):
            way.end()
