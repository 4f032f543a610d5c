"""What the integration tests stand on: processes, peers, tools, files.

Every process that a test starts is ended when the test ends, by its own id, also when the test
fails or is killed. Nothing here sleeps for a fixed time: conditions are polled to a deadline.
Ports come from a locked range, so tests run side by side.

    class DoseBeforePlan(harness.Case):
        def test_it_is_refused(self):
            aria = self.start(harness.OrthancAria, peers={"ME": free_port()})
            sent = harness.storescu(aria, [chain.dose], calling="ME")
            self.assertNotEqual(0, sent.returncode, sent.output)

    if __name__ == "__main__":
        harness.run_cases()
"""
from .case import Case, run_cases
from .chains import SmallChain, illegal
from .files import (TEST_DATA, canonical_sha256, dataset_bytes, dataset_sha256, eclipse_chain,
                    files_by_uid, raystation_chain, sop_instance_uid, transfer_syntax, vary)
from .peers import Dcmqrscp, FaultyPeer, OrthancAria, OrthancPacs, Storescp, build
from .ports import free_port
from .process import Process, Timeout, wait_until
from .raw_upstream import RawUpstream, serve
from .same import masked, shas
from .sluice import Sluice, sluice_config
from . import wire
from .tools import echoscu, findscu, getscu, movescu, run_tool, storescu, tool

__all__ = [
    "Case", "Dcmqrscp", "FaultyPeer", "OrthancAria", "OrthancPacs", "Process", "RawUpstream",
    "Sluice", "SmallChain", "Storescp", "TEST_DATA", "Timeout", "build", "canonical_sha256",
    "dataset_bytes", "dataset_sha256", "echoscu", "eclipse_chain", "files_by_uid", "findscu",
    "free_port", "getscu", "illegal", "masked", "movescu", "raystation_chain", "run_cases",
    "run_tool", "serve", "shas", "sluice_config", "sop_instance_uid", "storescu", "tool",
    "transfer_syntax", "vary", "wait_until", "wire",
]
