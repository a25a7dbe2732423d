/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fingerprint of the key a person logged in with, from sshd's SSH_AUTH_INFO_0. Pure.
 */
#ifndef EG_KEY_H
#define EG_KEY_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 of n bytes. digest: 32 bytes. */
void eg_key_sha256(const void *data, size_t n, uint8_t *digest);

/*
 * Finds the first "publickey TYPE BASE64" line and writes its fingerprint the way `ssh-keygen -l`
 * prints it: for a certificate that is the fingerprint of the key it certifies. info:
 * NUL-terminated, one method a line, borrowed; ret: EG_FPR_SIZE (64) bytes. Returns 0; -ENOENT when
 * no key was used; -EBADMSG when the base64 is malformed or cut, or holds no public key, or a
 * certificate of an unknown kind; -ENOMEM. *ret is written on success only.
 */
int eg_key_fingerprint(const char *info, char *ret);

#endif
