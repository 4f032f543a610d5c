"""The clients of the bench: each holds a conversation with one peer and tells what it printed."""
import collections
import json
import re
import shutil
import subprocess

from harness import echoscu, findscu, getscu, movescu, run_tool, storescu, tool
from servers import HERE, PIXELMED, dcmjs_version, version_of

# text: what was printed. done: whether the client itself says that it went well.
CONVERSATION_WITHIN = 60  # seconds
Said = collections.namedtuple("Said", "text done")
PROPOSE = {"1.2.840.10008.1.2": "-xi", "1.2.840.10008.1.2.1": "-xe", "1.2.840.10008.1.2.2": "-xb",
           "1.2.840.10008.1.2.1.99": "-xd", "1.2.840.10008.1.2.5": "-xr",
           "1.2.840.10008.1.2.4.70": "-xs", "1.2.840.10008.1.2.4.80": "-xt"}


def keys_of(step):
    return [f"QueryRetrieveLevel={step['level']}",
            *(f"{name}={value}" if value else name for name, value in step["keys"].items())]


class Client:
    """name: in the table. title: calling AE title. verbs: what it can do at all."""

    def __init__(self, name, title, verbs, cancels=False):
        self.name, self.title, self.verbs, self.cancels = name, title, set(verbs), cancels

    def can(self, step):
        return step["do"] in self.verbs and (self.cancels or "cancel" not in step)

    def converse(self, peer, steps, directory, listen):
        """{step name: Said} of all steps that it can do; peer: (host, port, title)."""
        raise NotImplementedError


class CommandClient(Client):
    """One process for each step."""

    def converse(self, peer, steps, directory, listen):
        said = {}
        for step in steps:
            if self.can(step):
                outcome = getattr(self, step["do"])(peer, step)
                said[step["name"]] = Said(f"exit {outcome.returncode}\n{outcome.output}",
                                          outcome.returncode == 0)
        return said


class Dcmtk(CommandClient):
    """echoscu, storescu, findscu, movescu, getscu and termscu."""

    def __init__(self):
        super().__init__("DCMTK", "DCMTK", ["echo", "store", "find", "move", "get", "shutdown"],
                         cancels=True)

    def version(self):
        return version_of("dcmtk")

    def echo(self, peer, _):
        return echoscu(peer, options=("-d",), calling=self.title)

    def store(self, peer, step):
        return storescu(peer, step["files"], calling=self.title,
                        options=("-d", "-R", PROPOSE[step["syntax"]]))

    def find(self, peer, step):
        options = ("-S", "--cancel", step["cancel"]) if "cancel" in step else ("-S", "-d")
        return findscu(peer, keys_of(step), options=options, calling=self.title)

    def move(self, peer, step):
        return movescu(peer, step["destination"], keys_of(step), options=("-S", "-d"),
                       calling=self.title)

    def get(self, peer, step):
        return getscu(peer, step["into"], keys_of(step), options=("-S", "+B", "-d"),
                      calling=self.title)

    def shutdown(self, peer, _):
        return tool("termscu", peer, ("-d",), calling=self.title, verbose=False)


class Dcmsend(CommandClient):
    """DCMTK's other sender, with an association logic of its own."""

    def __init__(self):
        super().__init__("DCMTK dcmsend", "DCMSEND", ["store"])

    def version(self):
        return version_of("dcmtk")

    def store(self, peer, step):
        return tool("dcmsend", peer, ("-d", "--decompress-never"), step["files"],
                    calling=self.title)


class Ctn(CommandClient):
    """dicom_echo and send_image of the Central Test Node (1993 to 2003)."""

    def __init__(self):
        super().__init__("CTN", "CTN", ["echo", "store"])

    def version(self):
        return version_of("ctn")

    def echo(self, peer, _):
        host, port, title = peer
        return apart(["dicom_echo", "-p", "-a", self.title, "-c", title, host, port])

    def store(self, peer, step):
        host, port, title = peer
        return apart(["send_image", "-a", self.title, "-c", title, "-X", step["syntax"], host,
                      port, *step["files"]])


def apart(command):
    """run_tool for a tool that buffers one of its streams: the errors come last."""
    return run_tool(["sh", "-c", 'errors=$(mktemp); "$@" 2> "$errors"; code=$?; cat "$errors"; '
                     'rm -f "$errors"; exit $code', "sh", *command])


class ScriptClient(Client):
    """One process for the whole conversation, which prints "== NAME" before each step."""

    def command(self, peer, steps, directory, listen):
        raise NotImplementedError

    def converse(self, peer, steps, directory, listen):
        steps = [step for step in steps if self.can(step)]
        output = self._run(self.command(peer, steps, directory, listen))
        said = {}
        for part in re.split(r"^== ", output, flags=re.MULTILINE)[1:]:
            name, text = part.split("\n", 1)
            said[name] = Said(text, "\n= done" in "\n" + text)
        for step in steps:
            said.setdefault(step["name"], Said("the client ended before it\n", False))
        return said

    def _run(self, command):
        try:
            return run_tool(command, within=CONVERSATION_WITHIN).output
        except subprocess.TimeoutExpired as fault:
            return (fault.output or b"").decode(errors="replace") + "\nit did not end\n"

    def config(self, peer, steps, directory, **more):
        host, port, title = peer
        path = directory / "conversation.json"
        path.write_text(json.dumps({"host": host, "port": port, "calling": self.title,
                                    "called": title, "steps": steps, **more}))
        return path


class Dcmjs(ScriptClient):
    def __init__(self):
        super().__init__("dcmjs-dimse", "DCMJS", [
            "echo", "store", "find", "move", "get", "mpps", "commitment", "commitmentLater",
            "print"], cancels=True)

    def version(self):
        return dcmjs_version()

    def command(self, peer, steps, directory, listen):
        return ["node", HERE / "dcmjs" / "client.js",
                self.config(peer, steps, directory, listen=listen)]


class Odil(ScriptClient):
    def __init__(self):
        super().__init__("odil", "ODIL", ["echo", "store", "find", "move", "get"])

    def version(self):
        return version_of("python3-odil")

    def command(self, peer, steps, directory, listen):
        return ["/usr/bin/python3", "-u", HERE / "odil_client.py",
                self.config(peer, steps, directory)]


class Pixelmed(ScriptClient):
    """classes: a directory for its compiled Client.java."""

    def __init__(self, classes):
        super().__init__("PixelMed", "PIXELMED", ["echo", "store", "find", "move", "get"])
        self._classes = classes
        classes.mkdir(parents=True)
        subprocess.run(["javac", "-nowarn", "-cp", PIXELMED, "-d", classes,
                        HERE / "pixelmed" / "Client.java"], check=True)

    def version(self):
        return version_of("libpixelmed-java")

    def command(self, peer, steps, directory, listen):
        host, port, title = peer
        lines = []
        for step in steps:
            parts = [step["name"], step["do"]]
            parts += [f"file={path}" for path in step.get("files", ())]
            if "keys" in step:
                parts += [f"QueryRetrieveLevel={step['level']}"]
                parts += [f"{name}={value}" for name, value in step["keys"].items()]
            parts += [f"{name}={step[name]}" for name in ("destination", "into") if name in step]
            if "classes" in step:
                parts.append("classes=" + " ".join(step["classes"]))
            lines.append("\t".join(parts))
        path = directory / "conversation.tsv"
        path.write_text("\n".join(lines) + "\n")
        return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp",
                f"{PIXELMED}:{self._classes}", "Client", host, port, self.title, title, path]


def clients(directory):
    """Those with the longest conversations first: they are held three at a time."""
    return [Dcmjs(), Dcmtk(), Pixelmed(directory / "classes"), Odil(), Dcmsend(), Ctn()]


def missing():
    """Programs that the bench needs and this machine has not."""
    wanted = ["node", "npm", "java", "javac", "Orthanc", "dcmqrscp", "dicom_echo", "send_image"]
    return [name for name in wanted if not shutil.which(name)]
