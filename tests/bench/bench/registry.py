"""The measures that there are. A module adds one by decorating a function of the run."""
_measures = []


def measure(name):
    """Registers function(run); the order of registration is the order of running."""
    def add(function):
        _measures.append((name, function))
        return function
    return add


def measures():
    # Each module registers its own when it is imported.
    from . import stores, latency, large, moves, dcmtk_tools, held, memory, growth  # noqa: F401
    return list(_measures)
