"""Everything that runs: the servers twice, destinations of moves, and Sluice before one half."""
import concurrent.futures
import pathlib

from harness import Sluice, Storescp, free_port, sluice_config, storescu
from instances import Instances
from servers import applications, held_in

OWN_TITLE = "SLUICE"
WAYS = ("direct", "behind")
LOADER = "LOADER"


class Scene:
    """A context in which the servers hold what is to be found and everybody listens.

    direct: servers that clients call at their address. behind: those that are called through
    Sluice; they send sub-operations of carried moves, and reports to clients, to Sluice.
    """

    def __init__(self, directory, clients):
        self.directory = pathlib.Path(directory)
        self.clients = clients
        self.applications = applications()
        self.instances = Instances(self.directory / "instances")
        self.sluice_port = free_port()
        # Where a client waits for what a server reports later.
        self.listeners = {way: free_port() for way in WAYS}
        self.destinations = {}
        self._started = []

    def __enter__(self):
        try:
            self._start_servers()
            self._start_sluice()
            self._load()
        except BaseException:
            self.__exit__("failed")
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.sluice.finish()
        finally:
            for process in reversed(self._started):
                process.end()

    def _start(self, process):
        self._started.append(process)
        return process.start()

    def _start_servers(self):
        for one in self.applications:
            for way in WAYS:
                setattr(one, way, self._start(one.kind(
                    self.directory / way / one.aet, name=one.aet.lower(), aet=one.aet,
                    **self._peers(one, way), **one.options)))

    def _peers(self, one, way):
        if not one.archive:
            return {}
        titles = [one.forwarded, one.carried]
        for title in titles:
            self.destinations[way, title] = self._start(
                Storescp(self.directory / way / title, name=title.lower(), aet=title,
                         options=("--fork",)))
        peers = {title: self.destinations[way, title].port for title in titles}
        if way == "behind":
            # It knows nothing of what only Sluice reaches.
            del peers[one.carried]
            peers[OWN_TITLE] = self.sluice_port
        callers = self.listeners[way] if way == "direct" else self.sluice_port
        peers |= {client.title: callers for client in self.clients}
        return {"peers": {**peers, LOADER: callers}}

    def _start_sluice(self):
        # Some clients leave an association open when no context is accepted.
        # A bridged C-GET is no relay: integration.GetBridge has those.
        known = {one.aet: {"address": one.behind.address, "max_associations": 64, "get": "relay"}
                 for one in self.applications}
        for one in self.applications:
            for title, moves in ((one.forwarded, "forward"), (one.carried, "carry")):
                if one.archive:
                    known[title] = {"address": self.destinations["behind", title].address,
                                    "moves": moves}
        callers = [client.title for client in self.clients]
        listening = [client.title for client in self.clients if "commitmentLater" in client.verbs]
        known |= {title: {"address": f"127.0.0.1:{self.listeners['behind']}"}
                  for title in listening}
        callers += [one.aet for one in self.applications]
        config = sluice_config(
            self.directory / "sluice", known, ae_title=OWN_TITLE, port=self.sluice_port,
            clients=[{"ae_title": title, "from": "127.0.0.1"} for title in callers],
            store={"directory": str(self.directory / "sluice" / "store"), "free_floor": "64MiB"})
        self.sluice = self._start(Sluice(config, self.directory / "sluice"))

    def _load(self):
        """Puts what clients look for into every archive, directly."""
        files = [one.path for client in self.clients
                 for one in self.instances.at_the_server(client.title)]
        files += [one.path for one in self.instances.many]

        def load(one, way):
            outcome = storescu(getattr(one, way), files, calling=LOADER, options=("-R", "-xe"))
            assert outcome.returncode == 0, outcome
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(load, one, way) for one in self.applications if one.archive
                    for way in WAYS]
            for job in jobs:
                job.result()

    def peer(self, one, way):
        """(host, port, title) that a client calls."""
        port = one.direct.port if way == "direct" else self.sluice_port
        return "127.0.0.1", port, one.aet

    def held(self):
        """{(way, title): {UID: (transfer syntax, SHA-256)}} of servers and destinations."""
        result = {(way, one.aet): one.holds(way, self.directory / way / f"{one.aet}-fetched")
                  for one in self.applications for way in WAYS}
        for place, destination in self.destinations.items():
            result[place] = held_in(destination.received)
        return result
