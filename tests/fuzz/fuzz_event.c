// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Records of the kernel side, with what the helper knows of the session: any bytes, as patches
 * (patch.h) to a record of the right ABI. Their lines are read back, and must say the same.
 */
#include "fuzz.h"

#include <errno.h>

#include "event.h"
#include "fuzz_lines.h"
#include "patch.h"
#include "util.h"

enum { TEXT = 560 /* longer than any text that is kept */ };

/* Sessions are counted from 1: who reads a line takes up to 19 digits. */
#define SESSION_MAX 9999999999999999999ULL

const unsigned int eg_fuzz_mutations = 30000;

struct texts {
	char user[TEXT], profile[TEXT], rhost[TEXT], feed[TEXT], service[TEXT], key[TEXT];
	char host[TEXT], config[TEXT], blocked[TEXT];
};

/* What an input is made of. The first byte is `what`, then come the patches. */
struct input {
	union {
		struct eg_event event;
		struct eg_told told;
		struct eg_denied_flow flow;
	};
	uint32_t uid, rport;
	uint64_t count, last_ns, now_ns;
	int64_t clock_offset_ns;
	uint16_t size; /* of told, with CUT */
	struct texts texts;
};
_Static_assert(sizeof(struct input) <= 1 << 16, "patches reach all of it");

enum {
	TOLD = 1,
	FLOW = 2,
	KIND = 3, /* mask of these two; both = as TOLD */
	REPLAYED = 1 << 2,
	BLOCKED = 1 << 3,
	CUT = 1 << 4,	/* the record of a story has another length than its texts want */
	NOBODY = 1 << 5 /* nothing is known of the session */
};

static void end_texts(struct texts *texts)
{
	char *all = (char *)texts;

	for (size_t i = TEXT - 1; i < sizeof(*texts); i += TEXT)
		all[i] = '\0';
}

static struct eg_event_session session_of(const struct input *in, unsigned int what)
{
	if (what & NOBODY)
		return (struct eg_event_session){.user = "", .profile = "", .rhost = ""};
	return (struct eg_event_session){.user = in->texts.user,
					 .profile = in->texts.profile,
					 .rhost = in->texts.rhost,
					 .rport = in->rport,
					 .uid = in->uid,
					 .feed = in->texts.feed,
					 .service = in->texts.service,
					 .key = in->texts.key};
}

static struct eg_event_added added_of(const struct input *in, unsigned int what)
{
	return (struct eg_event_added){.host = in->texts.host,
				       .config = in->texts.config,
				       .clock_offset_ns = in->clock_offset_ns,
				       .now_ns = in->now_ns,
				       .count = in->count,
				       .last_ns = in->last_ns,
				       .replayed = what & REPLAYED};
}

/* In memory of its own length, where ASan sees who reads on. */
static void told(const struct input *in, unsigned int what, struct eg_fields *fields)
{
	const struct eg_event_session session = session_of(in, what);
	const struct eg_event_added added = added_of(in, what);
	size_t head = offsetof(struct eg_told, text), whole = head;
	struct eg_told *record;
	size_t size;
	int r;

	for (int i = 0; i < EG_TOLD_TEXTS; i++)
		whole += in->told.len[i];
	size = what & CUT ? in->size : whole;
	if (size > sizeof(*record))
		size = sizeof(*record);
	record = malloc(size ? size : 1);
	must(record);
	memcpy(record, &in->told, size);
	r = eg_event_make_told(record, size, &session, &added, fields);
	free(record);
	if (size < head || in->told.abi != EG_ABI_VERSION || in->told.kind >= EG_STORY_MAX ||
	    size < whole)
		must(r == -EPROTO);
	else if (r == 0)
		check_lines(fields, in->told.session <= SESSION_MAX);
	else /* one of them is longer than its field is */
		must(in->told.len[EG_TOLD_EXE] > EG_PATH_SIZE ||
		     in->told.len[EG_TOLD_PATH] > EG_PATH_SIZE ||
		     in->told.len[EG_TOLD_ARGS] > EG_ARGS_SIZE);
}

static void refusal(const struct input *in, unsigned int what, struct eg_fields *fields)
{
	const struct eg_event_session session = session_of(in, what);
	const struct eg_event_added added = added_of(in, what);
	int r = eg_event_make(&in->event, &session, &added, fields);
	bool right = in->event.abi == EG_ABI_VERSION && in->event.kind == EG_EVENT_VERDICT;

	must(r == (right ? 0 : -EPROTO));
	/* A refusal without an error is none that the kernel side makes, nor an error under audit:
	 * who reads the line does not believe that. An operation without a name has none. */
	if (r == 0)
		check_lines(fields,
			    in->event.session <= SESSION_MAX && strcmp(fields->op, "?") != 0 &&
				    (in->event.verdict == EG_VERDICT_AUDIT) == !in->event.error);
}

static void flow(const struct input *in, unsigned int what, struct eg_fields *fields)
{
	const struct eg_event_session session = session_of(in, what);
	const struct eg_event_added added = added_of(in, what);

	eg_event_make_flow(&in->flow, &session, what & BLOCKED ? in->texts.blocked : NULL, &added,
			   fields);
	check_lines(fields, in->flow.session <= SESSION_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct eg_fields fields; /* 24 KiB */
	struct input *in = calloc(1, sizeof(*in));
	unsigned int what = size ? data[0] : 0;

	must(in);
	in->event.abi = EG_ABI_VERSION; /* stands at the same place in both */
	if (!(what & KIND))
		in->event.kind = EG_EVENT_VERDICT;
	if (size)
		(void)patch(data + 1, size - 1, in, sizeof(*in));
	end_texts(&in->texts);
	if ((what & KIND) == 0)
		refusal(in, what, &fields);
	else if ((what & KIND) == FLOW)
		flow(in, what, &fields);
	else
		told(in, what, &fields);
	free(in);
	return 0;
}
