"""PDUs by hand (PS3.8 9.3), for what no tool does: half requests, garbage, silence, resets."""
import socket
import struct

VERIFICATION = "1.2.840.10008.1.1"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)


def pdu(kind, body=b"", length=None):
    """A PDU; `length` other than that of the body makes a bad one."""
    return struct.pack(">BBI", kind, 0, len(body) if length is None else length) + body


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def associate_request(called="VMSDBD", calling="ME", contexts=((1, VERIFICATION, (IMPLICIT,)),),
                      max_pdu=16384, extended=None, roles=None):
    """The bytes of an A-ASSOCIATE-RQ (PS3.8 9.3.2). extended: {SOP class: application bytes}.

    roles: {SOP class: (scu, scp)}, PS3.7 D.3.3.4.
    """
    body = struct.pack(">HH16s16s32x", 1, 0, called.encode().ljust(16), calling.encode().ljust(16))
    body += item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, abstract, syntaxes in contexts:
        body += item(0x20, struct.pack(">B3x", number) + item(0x30, abstract.encode())
                     + b"".join(item(0x40, syntax.encode()) for syntax in syntaxes))
    user = item(0x51, struct.pack(">I", max_pdu)) + item(0x52, b"1.2.826.0.1.3680043.9.9999.1")
    for sop_class, what in (extended or {}).items():
        user += item(0x56, struct.pack(">H", len(sop_class)) + sop_class.encode() + what)
    for sop_class, role in (roles or {}).items():
        user += role_item(sop_class, role)
    return pdu(ASSOCIATE_RQ, body + item(0x50, user))


def role_item(sop_class, role):
    return item(0x54, struct.pack(">H", len(sop_class)) + sop_class.encode() + bytes(role))


def roles_of(body):
    """{SOP class: (scu, scp)} of the body of an A-ASSOCIATE-RQ or -AC."""
    return {value[2:-2].decode(): tuple(value[-2:])
            for kind, user in items(body[68:]) if kind == 0x50
            for inner, value in items(user) if inner == 0x54}


def titles_of(body):
    """(called, calling) of the body of an A-ASSOCIATE-RQ."""
    return body[4:20].decode().strip(), body[20:36].decode().strip()


def items(raw):
    """[(type, body), …] of a run of items."""
    found = []
    while raw:
        kind, length = struct.unpack_from(">BxH", raw)
        found.append((kind, raw[4:4 + length]))
        raw = raw[4 + length:]
    return found


def answered_contexts(accept):
    """{presentation context ID: (result, transfer syntax)} of an A-ASSOCIATE-AC (its body)."""
    found = {}
    for kind, body in items(accept[68:]):
        if kind == 0x21:
            syntax = dict(items(body[4:])).get(0x40, b"").decode()
            found[body[0]] = (body[2], syntax)
    return found


def associate_accept(request, max_pdu=16384, roles=None, rejects=()):
    """The A-ASSOCIATE-AC that takes all of a request (its body), each in its first syntax.

    roles: {SOP class: (scu, scp)} to answer; None: no such item.
    rejects: abstract syntaxes that are not supported (result 3).
    """
    answers = b""
    for kind, body in items(request[68:]):
        if kind == 0x20:
            abstract = dict(items(body[4:]))[0x30].decode().rstrip("\0")
            syntax = next(inner for inner_kind, inner in items(body[4:]) if inner_kind == 0x40)
            result = b"\3" if abstract in rejects else b"\0"
            answers += item(0x21, body[:1] + b"\0" + result + b"\0" + item(0x40, syntax))
    user = item(0x51, struct.pack(">I", max_pdu)) + item(0x52, b"1.2.826.0.1.3680043.9.9999.2")
    for sop_class, role in (roles or {}).items():
        user += role_item(sop_class, role)
    return pdu(ASSOCIATE_AC, request[:68] + item(0x10, b"1.2.840.10008.3.1.1.1") + answers
               + item(0x50, user))


def data(context, fragment, command=False, last=True):
    """A P-DATA-TF with one PDV (PS3.8 9.3.5)."""
    value = struct.pack(">IBB", len(fragment) + 2, context, command | last << 1) + fragment
    return pdu(DATA, value)


def element(group, number, value):
    """An element in Implicit VR Little Endian; a str is padded with NUL, an int is US."""
    if isinstance(value, int):
        value = struct.pack("<H", value)
    if isinstance(value, str):
        value = value.encode() + b"\0" * (len(value) % 2)
    return struct.pack("<HHI", group, number, len(value)) + value


def command_set(context, elements):
    """A P-DATA-TF with a whole command set (PS3.7 6.3.1): {element of group 0000: value}."""
    body = b"".join(element(0, number, value) for number, value in sorted(elements.items()))
    return data(context, element(0, 0, struct.pack("<I", len(body))) + body, command=True)


def command(context, field, sop_class, message_id, has_data_set, more=None):
    """A whole request; `more`: further elements of group 0000."""
    elements = {0x0002: sop_class, 0x0100: field, 0x0110: message_id,
                0x0800: 0x0001 if has_data_set else 0x0101}
    if has_data_set:
        elements[0x0700] = 0
    return command_set(context, {**elements, **(more or {})})


def request(context, field, sop_class, message_id, data_set, more=None):
    """A whole request and its data set."""
    return command(context, field, sop_class, message_id, True, more) + data(context, data_set)


def echo_request(context=1, message_id=1):
    return command(context, 0x0030, VERIFICATION, message_id, has_data_set=False)


def store(peer, instances, calling="ME", called=None, timeout=120, first=None):
    """C-STOREs instances (uid, sop_class, data_set in Implicit VR Little Endian, each in one PDU)
    over one association. Returns their statuses in order; fewer if it was ended before its time.
    first: so many bytes of each data set go in a PDU of their own, before the rest.
    """
    classes = sorted({one.sop_class for one in instances})
    numbers = {sop_class: 2 * n + 1 for n, sop_class in enumerate(classes)}
    statuses = []
    try:
        with Wire(peer, timeout) as line:
            line.send(associate_request(called or peer.aet, calling,
                                        [(numbers[one], one, (IMPLICIT,)) for one in classes]))
            answer = line.receive()
            if answer is None or answer[0] != ASSOCIATE_AC:
                return statuses
            accepted = answered_contexts(answer[1])
            for message_id, one in enumerate(instances, 1):
                number = numbers[one.sop_class]
                if accepted[number][0] != 0:
                    return statuses
                begin = data(number, one.data_set[:first], last=False) if first else b""
                line.send(command(number, 0x0001, one.sop_class, message_id, True,
                                  {0x1000: one.uid})
                          + begin + data(number, one.data_set[first or 0:]))
                answer = line.next()
                if not isinstance(answer, Message):
                    return statuses
                statuses.append(answer.status)
            line.send(pdu(RELEASE_RQ, b"\0" * 4))
            line.receive()  # whatever it is: the statuses stand
    except OSError:  # refused, reset, or silent for longer than `timeout`
        pass
    return statuses


def response(context, field, sop_class, message_id, status, has_data_set=False, more=None):
    """A whole response; its data set, if there is one, follows by data()."""
    elements = {0x0002: sop_class, 0x0100: field, 0x0120: message_id,
                0x0800: 0x0001 if has_data_set else 0x0101, 0x0900: status}
    return command_set(context, {**elements, **(more or {})})


class Message:
    """A whole message: its presentation context, the elements of its command set, its data set."""

    def __init__(self, context, raw_command, data_set):
        self.context = context
        self.elements = {}
        self.data_set = data_set
        while raw_command:
            number, length = struct.unpack_from("<2xHI", raw_command)
            self.elements[number] = raw_command[8:8 + length]
            raw_command = raw_command[8 + length:]

    def __repr__(self):
        return f"Message({self.context}, {self.elements}, {len(self.data_set)} bytes)"

    def number(self, element_number):
        """The value of an element of VR US; None without it."""
        value = self.elements.get(element_number)
        return None if value is None else struct.unpack("<H", value)[0]

    def text(self, element_number):
        return self.elements.get(element_number, b"").decode().rstrip(" \0")

    @property
    def field(self):
        return self.number(0x0100)

    @property
    def message_id(self):
        """Of a request; of a response the one that it answers."""
        return self.number(0x0120 if self.field & 0x8000 else 0x0110)

    @property
    def status(self):
        return self.number(0x0900)

    def answer(self, status, more=None):
        """The P-DATA-TF of a response to this request, without a data set."""
        return response(self.context, self.field | 0x8000, self.text(0x0002), self.message_id,
                        status, more=more)


class Wire:
    """A TCP connection to a peer that says exactly what it is told to say."""

    def __init__(self, peer, timeout=30):
        host, port = peer if isinstance(peer, tuple) else (peer.host, peer.port)
        self._take(socket.create_connection((host, port), timeout=timeout), timeout)

    @classmethod
    def adopt(cls, connection, timeout=30):
        """The side that was called."""
        wire = cls.__new__(cls)
        wire._take(connection, timeout)
        return wire

    def _take(self, connection, timeout):
        self.socket = connection
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, raw):
        self.socket.sendall(raw)

    def receive(self):
        """The next PDU as (type, body); None at the end; ConnectionResetError after a reset."""
        head = self._exactly(6)
        if head is None:
            return None
        return head[0], self._exactly(struct.unpack(">I", head[2:6])[0]) or b""

    def next(self):
        """The next whole Message; any other PDU as (type, body); None at the end."""
        parts = {True: b"", False: b""}
        data_set_expected = False
        while True:
            came = self.receive()
            if came is None or came[0] != DATA:
                return came
            raw = came[1]
            while raw:
                length, context, control = struct.unpack_from(">IBB", raw)
                is_command, is_last = bool(control & 1), bool(control & 2)
                parts[is_command] += raw[6:4 + length]
                raw = raw[4 + length:]
                if is_last and is_command:
                    message = Message(context, parts[True], b"")
                    data_set_expected = message.number(0x0800) != 0x0101
                if is_last and not (is_command and data_set_expected):
                    assert not raw, "another message in the same PDU"
                    return Message(context, parts[True], parts[False])

    def message(self):
        came = self.next()
        assert isinstance(came, Message), f"{came} in place of a message"
        return came

    def _exactly(self, size):
        got = b""
        while len(got) < size:
            part = self.socket.recv(size - len(got))
            if not part:
                return None
            got += part
        return got

    def associate(self, **what):
        """Requests an association and returns the answer; fails if it is not accepted."""
        self.send(associate_request(**what))
        kind, body = self.receive()
        assert kind == ASSOCIATE_AC, f"answered with PDU {kind}: {body[:4].hex()}"
        return body

    def release(self):
        self.send(pdu(RELEASE_RQ, b"\0" * 4))
        kind, _ = self.receive()
        assert kind == RELEASE_RP, f"release answered with PDU {kind}"

    def accept(self, roles=None, rejects=()):
        """Receives a request for an association, accepts it and returns its body."""
        kind, body = self.receive()
        assert kind == ASSOCIATE_RQ, f"PDU {kind} in place of a request for an association"
        self.send(associate_accept(body, roles=roles, rejects=rejects))
        return body
