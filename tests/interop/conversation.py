"""The conversation that every client has with every server: steps, the rows of the table."""
from instances import MANY, SYNTAXES, uid_of

CANCEL_AFTER = 3


def steps(client, server, instances, directory):
    """[{"name", "do", …}] of one client with one server.

    files: what is stored. keys: of a query. evidence: UIDs that must lie somewhere afterwards.
    """
    own = instances.at_the_server(client)
    study = {"StudyInstanceUID": own[0].study}
    result = [{"name": "C-ECHO", "do": "echo"}]
    for syntax in SYNTAXES:
        files = instances.to_store(client, syntax)
        result.append({"name": f"C-STORE, {syntax.name}", "do": "store", "syntax": syntax.uid,
                       "files": [str(one.path) for one in files],
                       "evidence": [one.uid for one in files]})
    many = instances.many[0]
    result += [
        {"name": "C-FIND, studies", "do": "find", "level": "STUDY", "matches": 1,
         "keys": {"PatientID": own[0].path.parent.name, "StudyInstanceUID": "", "StudyDate": ""}},
        {"name": "C-FIND, series", "do": "find", "level": "SERIES", "matches": 3,
         "keys": {**study, "SeriesInstanceUID": "", "Modality": ""}},
        {"name": "C-FIND, no match", "do": "find", "level": "STUDY", "matches": 0,
         "keys": {"PatientID": "IO-NOBODY", "StudyInstanceUID": ""}},
        {"name": f"C-FIND, {MANY} matches", "do": "find", "level": "IMAGE", "matches": MANY,
         "keys": {"StudyInstanceUID": many.study, "SeriesInstanceUID": many.series,
                  "SOPInstanceUID": ""}},
        {"name": "C-FIND, cancelled", "do": "find", "level": "IMAGE", "cancel": CANCEL_AFTER,
         "keys": {"PatientID": server.slow_patient, "StudyInstanceUID": many.study,
                  "SeriesInstanceUID": many.series, "SOPInstanceUID": ""}},
    ]
    evidence = [one.uid for one in own]
    for name, destination in (("C-MOVE, forwarded", server.forwarded),
                              ("C-MOVE, carried", server.carried)):
        result.append({"name": name, "do": "move", "level": "STUDY", "keys": study,
                       "destination": destination, "evidence": evidence})
    result.append({"name": "C-MOVE, unknown destination", "do": "move", "level": "STUDY",
                   "keys": study, "destination": "NOWHERE"})
    into = directory / "got"
    into.mkdir(parents=True)
    result.append({"name": "C-GET", "do": "get", "level": "STUDY", "keys": study,
                   "into": str(into), "evidence": evidence,
                   "classes": sorted({one.sop_class for one in own})})
    references = [[one.sop_class, one.uid] for one in own]
    result += [
        {"name": "MPPS: N-CREATE, N-SET", "do": "mpps", "patient": f"{client}-STEP",
         "uid": uid_of(client, "step")},
        {"name": "Storage commitment, reported at once", "do": "commitment",
         "transaction": uid_of(client, "transaction")[:60] + ".1", "instances": references},
        {"name": "Storage commitment, reported later", "do": "commitmentLater",
         "transaction": uid_of(client, "transaction")[:60] + ".2", "instances": references},
        {"name": "Print", "do": "print", "uid": uid_of(client, "print")[:60]},
    ]
    return result


def last_step():
    """Ends the server that takes it: nobody else may be talking with it then."""
    return {"name": "Shutdown (private SOP class)", "do": "shutdown"}
