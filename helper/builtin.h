/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The built-in lists: services that run things for whoever asks, and places where a change takes
 * effect outside the session that makes it. Pure data.
 */
#ifndef EG_BUILTIN_H
#define EG_BUILTIN_H

#include <stddef.h>
#include <stdint.h>

struct eg_builtin_socket {
	const char *name; /* as the server binds it; an abstract one starts with '@' */
	uint32_t flags;	  /* EG_SOCKET_* */
};

/* Both forms of names below /run are meant; the list has one (eg_builtin_twin). */
const struct eg_builtin_socket *eg_builtin_sockets(size_t *ret_n);

/* Absolute paths of files and directories, with all below these. They need not be there. */
const char *const *eg_builtin_places(size_t *ret_n);

/*
 * The other name of what is in /run: "/var/run/X" for "/run/X" and the other way round, as a server
 * may bind either. Pure. buf: size bytes. Returns buf, or NULL when there is none or it is too
 * long.
 */
const char *eg_builtin_twin(const char *name, char *buf, size_t size);

#endif
