#!/usr/bin/python3
"""A client on odil that does what it is told and prints all that it hears.

    odil_client.py CONFIG     {"host", "port", "calling", "called", "steps": […]}

Prints "== NAME" before what each step says, and "= done" after a step that went well.
"""
import json
import pathlib
import sys

import odil

Context = odil.AssociationParameters.PresentationContext
LITTLE_ENDIAN = [odil.registry.ImplicitVRLittleEndian, odil.registry.ExplicitVRLittleEndian]
MPPS = odil.registry.ModalityPerformedProcedureStep


class Conversation:
    """One association: proposes, prints what was accepted, releases."""

    def __init__(self, config, contexts):
        self.association = odil.Association()
        self.association.set_peer_host(config["host"])
        self.association.set_peer_port(config["port"])
        self.association.update_parameters() \
            .set_calling_ae_title(config["calling"]).set_called_ae_title(config["called"]) \
            .set_presentation_contexts(contexts)

    def __enter__(self):
        self.association.associate()
        accepted = self.association.get_negotiated_parameters()
        for context in accepted.get_presentation_contexts():  # as they stand in the PDU
            print("context", context.id, context.result, *context.transfer_syntaxes)
        return self.association

    def __exit__(self, kind, *_):
        if kind is None:
            self.association.release()
            print("released")
        elif self.association.is_associated():
            self.association.abort(0, 0)


def proposed(sop_classes, syntaxes, role=Context.Role.SCU):
    return [Context(2 * number + 1, sop_class, syntaxes, role)
            for number, sop_class in enumerate(sop_classes)]


def dataset(elements):
    result = odil.DataSet()
    for name, value in elements.items():
        tag = getattr(odil.registry, name)
        if value == "":
            result.add(tag)
        else:
            result.add(tag, [value])
    return result


def query(step):
    return dataset({"QueryRetrieveLevel": step["level"], **step["keys"]})


def tell(one):
    print(json.dumps(json.loads(odil.as_json(one)), sort_keys=True))


def read(path):
    with odil.open(path) as stream:
        return odil.Reader.read_file(stream)


def echo(config, _):
    with Conversation(config, [Context(1, odil.registry.Verification, LITTLE_ENDIAN[:1],
                                       Context.Role.SCU)]) as association:
        odil.EchoSCU(association).echo()


def store(config, step):
    files = [read(path) for path in step["files"]]
    classes = sorted({one.as_string("SOPClassUID")[0] for _, one in files})
    syntaxes = sorted({meta.as_string("TransferSyntaxUID")[0] for meta, _ in files})
    with Conversation(config, proposed(classes, syntaxes)) as association:
        scu = odil.StoreSCU(association)
        for _, one in files:
            scu.set_affected_sop_class(one)
            scu.store(one)
            print("stored", one.as_string("SOPInstanceUID")[0])


def find(config, step):
    kind = odil.registry.StudyRootQueryRetrieveInformationModelFind
    with Conversation(config, proposed([kind], LITTLE_ENDIAN)) as association:
        scu = odil.FindSCU(association)
        scu.set_affected_sop_class(kind)
        for one in scu.find(query(step)):
            tell(one)


def retrieval(message):
    print("response", hex(message.get_status()), *(
        getattr(message, f"get_number_of_{kind}_sub_operations")()
        if getattr(message, f"has_number_of_{kind}_sub_operations")() else "-"
        for kind in ("remaining", "completed", "failed", "warning")))


def move(config, step):
    kind = odil.registry.StudyRootQueryRetrieveInformationModelMove
    with Conversation(config, proposed([kind], LITTLE_ENDIAN)) as association:
        scu = odil.MoveSCU(association)
        scu.set_affected_sop_class(kind)
        scu.set_move_destination(step["destination"])
        scu.move(query(step), lambda _: None, retrieval)


def get(config, step):
    kind = odil.registry.StudyRootQueryRetrieveInformationModelGet
    contexts = proposed([kind], LITTLE_ENDIAN)
    contexts += [Context(2 * number + 3, sop_class, LITTLE_ENDIAN, Context.Role.SCP)
                 for number, sop_class in enumerate(step["classes"])]

    def keep(one):
        uid = one.as_string("SOPInstanceUID")[0]
        uid = uid.decode() if isinstance(uid, bytes) else uid
        with odil.open(str(pathlib.Path(step["into"]) / f"{uid}.dcm"), "wb") as stream:
            odil.Writer.write_file(one, stream)
        print("received", uid)

    with Conversation(config, contexts) as association:
        scu = odil.GetSCU(association)
        scu.set_affected_sop_class(kind)
        scu.get(query(step), keep, retrieval)


VERBS = {"echo": echo, "store": store, "find": find, "move": move, "get": get}


def main():
    config = json.loads(pathlib.Path(sys.argv[1]).read_text())
    for step in config["steps"]:
        print("==", step["name"])
        verb = VERBS.get(step["do"])
        if verb is None:
            print("cannot:", step["do"], "is not in the library")
            continue
        try:
            verb(config, step)
            print("= done")
        except Exception as fault:  # pylint: disable=broad-except
            print("cannot:", type(fault).__name__, fault)


if __name__ == "__main__":
    main()
