"""A client of the KSI service protocol, written from the specification alone: it shares no code with the server.

Sections named here are those of spec/ksi-protocol.md.
"""

import hashlib
import hmac
import socket
import struct

HASHES = {1: "sha256", 4: "sha384", 5: "sha512"}
SIGN, SIGNED, EXTEND, EXTENDED = 0x220, 0x221, 0x320, 0x321


def tlv(tag, value):
    """1.1, in the smallest form."""
    if tag <= 0x1F and len(value) <= 255:
        return bytes([tag, len(value)]) + value
    return bytes([0x80 | tag >> 8, tag & 0xFF]) + struct.pack(">H", len(value)) + value


def integer(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def children(data):
    """[(tag, value, raw)]"""
    found, at = [], 0
    while at < len(data):
        if data[at] & 0x80:
            tag, length, head = (data[at] & 0x1F) << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3], 4
        else:
            tag, length, head = data[at] & 0x1F, data[at + 1], 2
        assert at + head + length <= len(data), "an element is cut short"
        found.append((tag, data[at + head:at + head + length], data[at:at + head + length]))
        at += head + length
    return found


class Account:
    def __init__(self, login="anon", key=b"anon", hash_id=1):
        self.login, self.key, self.hash_id = login, key, hash_id

    def seal(self, tag, payloads):
        """2.3"""
        name = HASHES[self.hash_id]
        size = hashlib.new(name).digest_size
        header = tlv(0x01, tlv(0x01, self.login.encode() + b"\0"))
        pdu = tlv(tag, header + payloads + tlv(0x1F, bytes([self.hash_id]) + bytes(size)))
        return pdu[:-size] + hmac.new(self.key, pdu[:-size], name).digest()

    def sign_request(self, request_id, digest, level=None, hash_id=1, configuration=False):
        payload = tlv(0x01, integer(request_id)) + tlv(0x02, bytes([hash_id]) + digest)
        if level is not None:
            payload += tlv(0x03, integer(level))
        return self.seal(SIGN, tlv(0x02, payload) + (tlv(0x04, b"") if configuration else b""))

    def extend_request(self, request_id, from_time, to_time=None):
        payload = tlv(0x01, integer(request_id)) + tlv(0x02, integer(from_time))
        if to_time is not None:
            payload += tlv(0x03, integer(to_time))
        return self.seal(EXTEND, tlv(0x02, payload))

    def configuration_request(self, tag=SIGN):
        return self.seal(tag, tlv(0x04, b""))

    def read(self, pdu, tag=SIGNED):
        return Response(pdu, tag, self)


class Response:
    """What a PDU answers: bare or sealed, with .status, .message, .request_id, .parts (raw), .configuration."""

    def __init__(self, pdu, tag, account):
        (found, value, _), = children(pdu)
        assert found == tag, f"{found:#x}"
        self.status = self.message = self.request_id = self.configuration = None
        self.parts, self.raw = [], pdu
        inside = children(value)
        self.bare = [each[0] for each in inside] == [0x03]
        if self.bare:
            self._read_result(inside[0][1])
            return
        tags = [each[0] for each in inside]
        assert tags[0] == 0x01 and tags[-1] == 0x1F and tags == sorted(tags), tags
        code = inside[-1][1]
        assert code[0] == account.hash_id
        size = len(code) - 1
        expected = hmac.new(account.key, pdu[:-size], HASHES[code[0]]).digest()
        assert hmac.compare_digest(code[1:], expected), "the HMAC is wrong"
        assert dict((t, v) for t, v, _ in children(inside[0][1]))[0x01] == account.login.encode() + b"\0"
        for found, value, _ in inside[1:-1]:
            if found == 0x02:
                self._read_result(value)
            elif found == 0x04:
                self.configuration = {t: v for t, v, _ in children(value)}

    def _read_result(self, value):
        for tag, content, raw in children(value):
            if tag == 0x01:
                self.request_id = int.from_bytes(content, "big")
            elif tag == 0x04:
                self.status = int.from_bytes(content, "big")
            elif tag == 0x05:
                self.message = content[:-1].decode()
            else:
                self.parts.append(raw)

    def signature(self):
        """3.2: the parts wrapped, for requests of level 0."""
        assert self.status == 0, f"{self.status:#x} {self.message}"
        return tlv(0x800, b"".join(self.parts))


class Connection:
    """6.3: PDUs back to back."""

    def __init__(self, endpoint, timeout=30):
        self.socket = socket.create_connection(endpoint, timeout=timeout)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """One PDU; None at the end of the stream."""
        while len(self._buffer) < 4 or len(self._buffer) < 4 + struct.unpack(">H", self._buffer[2:4])[0]:
            data = self.socket.recv(65536)
            if not data:
                assert not self._buffer, "the stream ends inside a PDU"
                return None
            self._buffer += data
        size = 4 + struct.unpack(">H", self._buffer[2:4])[0]
        pdu, self._buffer = self._buffer[:size], self._buffer[size:]
        return pdu

    def ask(self, pdu):
        self.send(pdu)
        return self.receive()
