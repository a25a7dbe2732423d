// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SHA-256 (FIPS 180-4) and base64 (RFC 4648), because the privileged helper links no crypto library
 * for one digest; and as much of SSH's wire format as it takes to find the key inside a
 * certificate.
 */
#include "key.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "proto.h"
#include "util.h"

enum { SHA_BLOCK = 64, SHA_DIGEST = 32 };

static const uint32_t sha_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t ror(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static void sha_block(uint32_t *h, const uint8_t *p)
{
	uint32_t w[64], s[8];

	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
		       (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (size_t i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(s, h, sizeof(s));
	for (size_t i = 0; i < 64; i++) {
		uint32_t t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
			      ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
		uint32_t t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
			      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (size_t i = 0; i < 8; i++)
		h[i] += s[i];
}

void eg_key_sha256(const void *data, size_t n, uint8_t *digest)
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const uint8_t *p = data;
	uint8_t last[2 * SHA_BLOCK] = {0};
	size_t rest = n % SHA_BLOCK, padded;
	uint64_t bits = (uint64_t)n * 8;

	for (size_t i = 0; i + SHA_BLOCK <= n; i += SHA_BLOCK)
		sha_block(h, p + i);
	if (rest)
		memcpy(last, p + n - rest, rest);
	last[rest] = 0x80;
	padded = rest + 9 <= SHA_BLOCK ? SHA_BLOCK : 2 * SHA_BLOCK;
	for (size_t i = 0; i < 8; i++)
		last[padded - 1 - i] = (uint8_t)(bits >> (8 * i));
	for (size_t i = 0; i < padded; i += SHA_BLOCK)
		sha_block(h, last + i);
	for (size_t i = 0; i < SHA_DIGEST; i++)
		digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Decodes up to the first blank, line end or NUL. Returns the number of bytes, or -EBADMSG. out:
 * room for 3/4 n. */
static ssize_t b64_decode(const char *text, size_t n, uint8_t *out)
{
	uint32_t acc = 0;
	unsigned int bits = 0;
	size_t used = 0, pad = 0;

	for (size_t i = 0; i < n; i++) {
		const char *at = text[i] ? strchr(b64, text[i]) : NULL;

		if (text[i] == '=' && ++pad <= 2)
			continue;
		if (!at || pad)
			return -EBADMSG;
		acc = acc << 6 | (uint32_t)(at - b64);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[used++] = (uint8_t)(acc >> bits);
		}
	}
	/* One spelling for one key: bits that belong to no byte are zero. */
	return n && n % 4 == 0 && !(acc & ((1U << bits) - 1)) ? (ssize_t)used : -EBADMSG;
}

/* Writes n bytes as base64 without padding, and a NUL. */
static void b64_encode(const uint8_t *data, size_t n, char *out)
{
	uint32_t acc = 0;
	unsigned int bits = 0;

	for (size_t i = 0; i < n; i++) {
		acc = acc << 8 | data[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = b64[acc >> (bits - 6) & 63];
	}
	if (bits)
		*out++ = b64[acc << (6 - bits) & 63];
	*out = '\0';
}

/* The base64 word of the first "publickey TYPE BASE64" line; NULL when there is none. */
static const char *find_blob(const char *info, size_t *ret_n)
{
	static const char method[] = "publickey ";

	for (const char *line = info, *end; line; line = end ? end + 1 : NULL) {
		const char *type, *blob;

		end = strchr(line, '\n');
		if (strncmp(line, method, sizeof(method) - 1))
			continue;
		type = line + sizeof(method) - 1;
		blob = type + strcspn(type, " \n");
		if (*blob != ' ')
			continue;
		blob++;
		*ret_n = strcspn(blob, " \r\n");
		return blob;
	}
	return NULL;
}

/* ---- SSH's wire format (RFC 4251, section 5): strings with their length in front ---- */

struct wire {
	uint8_t *p;
	size_t n;
};

/* Takes the next string off. Returns 0, or -EBADMSG when it does not end inside. */
static int wire_string(struct wire *wire, struct wire *ret)
{
	uint32_t len;

	if (wire->n < 4)
		return -EBADMSG;
	len = (uint32_t)wire->p[0] << 24 | (uint32_t)wire->p[1] << 16 | (uint32_t)wire->p[2] << 8 |
	      wire->p[3];
	if (len > wire->n - 4)
		return -EBADMSG;
	*ret = (struct wire){.p = wire->p + 4, .n = len};
	wire->p += 4 + (size_t)len;
	wire->n -= 4 + (size_t)len;
	return 0;
}

static bool wire_is(const struct wire *wire, const char *text)
{
	return wire->n == strlen(text) && !memcmp(wire->p, text, wire->n);
}

#define CERT_SUFFIX "-cert-v01@openssh.com"

/* Certificates (PROTOCOL.certkeys of OpenSSH): type, nonce, the fields of the plain key, and more.
 */
static const struct kind {
	const char *cert, *plain;
	unsigned int n_fields;
} kinds[] = {
	{"ssh-ed25519" CERT_SUFFIX, "ssh-ed25519", 1},
	{"ssh-rsa" CERT_SUFFIX, "ssh-rsa", 2},
	{"ecdsa-sha2-nistp256" CERT_SUFFIX, "ecdsa-sha2-nistp256", 2},
	{"ecdsa-sha2-nistp384" CERT_SUFFIX, "ecdsa-sha2-nistp384", 2},
	{"ecdsa-sha2-nistp521" CERT_SUFFIX, "ecdsa-sha2-nistp521", 2},
	{"sk-ssh-ed25519" CERT_SUFFIX, "sk-ssh-ed25519@openssh.com", 2},
	{"sk-ecdsa-sha2-nistp256" CERT_SUFFIX, "sk-ecdsa-sha2-nistp256@openssh.com", 3},
	{"ssh-dss" CERT_SUFFIX, "ssh-dss", 4},
};

/* Steps over n strings; 0 = over all there are, one at least. Returns 0 or -EBADMSG. */
static int wire_skip(struct wire *wire, unsigned int n)
{
	struct wire field;
	int r;

	do
		r = wire_string(wire, &field);
	while (!r && (n ? --n : wire->n));
	return r;
}

/*
 * Makes the plain key's blob in front of its fields, over the certificate's type and nonce: they
 * are longer than the plain type. rest: behind the type.
 */
static int plain_of_cert(const struct kind *kind, struct wire rest, struct wire *ret)
{
	size_t len = strlen(kind->plain);
	uint8_t *fields;

	if (wire_skip(&rest, 1) < 0) /* nonce */
		return -EBADMSG;
	fields = rest.p;
	if (wire_skip(&rest, kind->n_fields) < 0)
		return -EBADMSG;
	ret->p = fields - len - 4;
	ret->n = (size_t)(rest.p - ret->p);
	memcpy(ret->p, (const uint8_t[]){0, 0, 0, (uint8_t)len}, 4);
	memcpy(ret->p + 4, kind->plain, len);
	return 0;
}

/*
 * What a fingerprint is taken of: the blob itself, or for a certificate the key in it, so that a
 * certificate issued anew is still the same key. A key that was cut short is found here: it must
 * end with its last field. blob: may be written to. Returns 0 and a part of blob, or -EBADMSG.
 */
static int plain_key(struct wire blob, struct wire *ret)
{
	struct wire rest = blob, type;
	unsigned int n_fields = 0;

	if (wire_string(&rest, &type) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < EG_ARRAY_SIZE(kinds); i++) {
		if (wire_is(&type, kinds[i].cert))
			return plain_of_cert(&kinds[i], rest, ret);
		if (wire_is(&type, kinds[i].plain))
			n_fields = kinds[i].n_fields;
	}
	if (memmem(type.p, type.n, "-cert-v", 7))
		return -EBADMSG; /* of a kind we cannot look into */
	if (wire_skip(&rest, n_fields) < 0 || rest.n)
		return -EBADMSG;
	*ret = blob;
	return 0;
}

/* Decodes n base64 digits into data and takes the digest of the key there. Returns 0 or -EBADMSG.
 */
static int digest_of(const char *blob, size_t n, uint8_t *data, uint8_t *digest)
{
	ssize_t len = b64_decode(blob, n, data);
	struct wire key;

	if (len <= 0 || plain_key((struct wire){.p = data, .n = (size_t)len}, &key) < 0)
		return -EBADMSG;
	eg_key_sha256(key.p, key.n, digest);
	return 0;
}

int eg_key_fingerprint(const char *info, char *ret)
{
	uint8_t digest[SHA_DIGEST], *data;
	size_t n = 0;
	const char *blob = find_blob(info, &n);
	int r;

	if (!blob)
		return -ENOENT;
	data = malloc(n + 1);
	if (!data)
		return -ENOMEM;
	r = digest_of(blob, n, data, digest);
	free(data);
	if (r < 0)
		return r;
	memcpy(ret, "SHA256:", 7);
	b64_encode(digest, sizeof(digest), ret + 7);
	return 0;
}
