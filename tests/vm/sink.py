# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# sink.py KIND:PORT...: takes what comes there and answers nothing. KIND: tcp and udp (both families), mptcp (IPv4).
import selectors, socket, sys

IPPROTO_MPTCP = 262  # Python 3.11 has no name for it
loop = selectors.DefaultSelector()
for kind, port in (word.split(":") for word in sys.argv[1:]):
    family, address = (socket.AF_INET, "") if kind == "mptcp" else (socket.AF_INET6, "::")
    stream = kind != "udp"
    s = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM, IPPROTO_MPTCP if kind == "mptcp" else 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind((address, int(port)))
    if stream:
        s.listen(64)
    loop.register(s, selectors.EVENT_READ, stream)
while True:
    for key, _ in loop.select():
        try:
            if key.data:
                loop.register(key.fileobj.accept()[0], selectors.EVENT_READ, False)
            elif not key.fileobj.recv(65536) and key.fileobj.type == socket.SOCK_STREAM:
                loop.unregister(key.fileobj)
        except OSError:
            loop.unregister(key.fileobj)
