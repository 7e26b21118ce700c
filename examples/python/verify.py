#!/usr/bin/env python3
"""Verifies a document against its signature, offline, with libpitser: no Pitser program is needed.

usage: verify.py DOCUMENT TRUST [SIGNATURE]
TRUST is a folder that `pitser trust fetch` made. Ends with 0 when it is verified, 1 when not.
"""

import ctypes
import os
import pathlib
import sys
import time


class Error(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 512)]


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("policy", ctypes.c_int),
                ("document", ctypes.c_char_p), ("document_size", ctypes.c_size_t),
                ("document_imprint", ctypes.c_char_p), ("document_imprint_size", ctypes.c_size_t),
                ("input_level", ctypes.c_uint), ("publications", ctypes.c_void_p),
                ("publication_code", ctypes.c_char_p)]


class Result(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("outcome", ctypes.c_int),
                ("code", ctypes.c_char_p), ("code_text", ctypes.c_char_p),
                ("explanation", ctypes.c_char_p), ("policy", ctypes.c_char_p),
                ("rule", ctypes.c_char_p), ("signing_time", ctypes.c_uint64),
                ("suggested_publication_time", ctypes.c_uint64), ("cause", ctypes.c_char * 256)]


def call(function, *arguments):
    """A call that may go wrong; its last argument is the error."""
    error = Error()
    if function(*arguments, ctypes.byref(error)) != 0:
        sys.exit(f"verify.py: {error.text.decode()}")


def main(document, folder, signature=None):
    pitser = ctypes.CDLL(os.environ.get("LIBPITSER", "libpitser.so.1"))
    parsed, publications = ctypes.c_void_p(), ctypes.c_void_p()
    data = pathlib.Path(signature or f"{document}.ksig").read_bytes()
    call(pitser.pitser_signature_parse, data, ctypes.c_size_t(len(data)), ctypes.byref(parsed))

    anchors = (pathlib.Path(folder) / "root.pem").read_bytes()
    lines = (pathlib.Path(folder) / "constraint").read_bytes().split(b"\n")
    wanted = [line for line in lines if line and not line.startswith(b"#")]
    data = (pathlib.Path(folder) / "publications.bin").read_bytes()
    call(pitser.pitser_publications_parse, data, ctypes.c_size_t(len(data)), anchors,
         ctypes.c_size_t(len(anchors)), (ctypes.c_char_p * len(wanted))(*wanted),
         ctypes.c_size_t(len(wanted)), ctypes.c_uint64(int(time.time())),
         ctypes.byref(publications))

    content = pathlib.Path(document).read_bytes()
    options = Options(struct_size=ctypes.sizeof(Options), document=content,
                      document_size=len(content), publications=publications)
    result = Result(struct_size=ctypes.sizeof(Result))
    call(pitser.pitser_verify, parsed, ctypes.byref(options), ctypes.byref(result))
    pitser.pitser_publications_free(publications)
    pitser.pitser_signature_free(parsed)
    if result.outcome == 0:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(result.signing_time))
        print(f"verified: {document} existed at {when} ({result.policy.decode()})")
        return 0
    print(f"{'NOT verified' if result.outcome == 2 else 'inconclusive'}: "
          f"{result.explanation.decode()} ({result.code.decode()}) {result.cause.decode()}")
    return 1


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
