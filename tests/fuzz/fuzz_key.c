// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* SSH_AUTH_INFO_0: any text, as sshd hands it on. */
#include "fuzz.h"

#include <errno.h>

#include "config.h"
#include "key.h"
#include "proto.h"

const unsigned int eg_fuzz_mutations = 120000;

/* The same with a line in front that is about no key. */
static void check_behind_password(const char *info, int r, const char *fingerprint)
{
	char again[EG_FPR_SIZE] = "";
	char *text = malloc(strlen(info) + 32);

	must(text);
	(void)sprintf(text, "password\npublickey\n%s", info);
	must(eg_key_fingerprint(text, again) == r);
	must(strcmp(again, fingerprint) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *info = eg_fuzz_text(data, size);
	char fingerprint[EG_FPR_SIZE] = "";
	int r = eg_key_fingerprint(info, fingerprint);

	must(r == 0 || r == -ENOENT || r == -EBADMSG);
	if (r == 0) {
		must(strlen(fingerprint) == 50);
		must(eg_config_bad_fingerprint(fingerprint) == NULL);
	} else {
		must(fingerprint[0] == '\0');
	}
	check_behind_password(info, r, fingerprint);
	free(info);
	return 0;
}
