# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# packets.py: a line "TIME ADDRESS PORT" for each packet that comes in to TCP or UDP ports 7100 to 7103, with the time at
# which the kernel got it. The first line is "begins".
import socket, struct

SO_TIMESTAMPNS = 35
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86DD
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
print("begins", flush=True)
while True:
    packet, control, _, source = s.recvmsg(128, 128)
    if source[2] == socket.PACKET_OUTGOING:
        continue
    if source[1] == ETH_P_IP:
        family, protocol, to, head = socket.AF_INET, packet[9], packet[16:20], (packet[0] & 15) * 4
    elif source[1] == ETH_P_IPV6:
        family, protocol, to, head = socket.AF_INET6, packet[6], packet[24:40], 40
    else:
        continue
    if protocol not in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) or len(packet) < head + 4:
        continue
    port = struct.unpack_from("!H", packet, head + 2)[0]
    if not 7100 <= port <= 7103:
        continue
    for _, kind, data in control:
        if kind == SO_TIMESTAMPNS:
            print("%d.%09d" % struct.unpack("qq", data), socket.inet_ntop(family, to), port, flush=True)
