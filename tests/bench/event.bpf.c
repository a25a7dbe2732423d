// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a refused connect's event costs by itself: a hook that refuses, and one that makes the event
 * first, with the product's own functions; linked with event.bpf.o and path.bpf.o. */
#define EG_DEFINE_MAPS
#include "socket.bpf.h"

/* Nobody's guard is asked: every connect of the host is refused meanwhile. */
SEC("lsm/socket_connect")
int BPF_PROG(floor_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	return -EPERM;
}

SEC("lsm/socket_connect")
int BPF_PROG(build_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	const struct eg_view view = {.session = 1, .profile = EG_PROFILE_FIRST, .generation = 1};
	const struct eg_detail detail = {.op = EG_OP_CONNECT,
					 .family = EG_AF_INET,
					 .protocol = IPPROTO_UDP,
					 .port = 443,
					 .addr = {18, 4, 5, 6},
					 .rule = {.verdict = EG_VERDICT_DENY, .prefix_len = 9},
					 .has_rule = 1,
					 .has_addr = 1};
	struct sock *sk = sock->sk;

	/* The event that finds no room is not one that was made: the caller sees that. */
	if (!sk || !eg_event_write(&view, &detail, EG_VERDICT_DENY, eg_socket_of(sk)))
		return 0;
	return -EPERM;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
