#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/story.h"
#include "store/op_event.h"

enum { MINUTE_MS = 60000, TEXT_MAX = 256 };

void
story_init(struct story *s, struct nursery *n)
{
	memset(s, 0, sizeof *s);
	s->n = n;
	s->ch = -1;
}

/* Two addresses that share a slot share what may be told of one. */
static bool
may_tell(struct story *s, const char *peer)
{
	int64_t minute = clock_mono_ms() / MINUTE_MS;
	unsigned int h = 0;

	for (; *peer != '\0'; peer++)
		h = h * 31 + (unsigned char)*peer;
	if (s->minute != minute) {
		s->minute = minute;
		s->told = 0;
		memset(s->of, 0, sizeof s->of);
	}
	h %= STORY_SLOTS;
	if (s->told >= STORY_PER_MINUTE || s->of[h] >= STORY_PER_ADDRESS)
		return false;
	s->told++;
	s->of[h]++;
	return true;
}

static bool
join(struct story *s)
{
	if (s->ch == -1)
		s->ch = nursery_link(s->n, ROLE_KEEPER, ROLE_PARENT, 0,
		    "parent");
	return s->ch != -1;
}

/* A keeper that was started again has another channel. */
static void
tell(struct story *s, const char *trace, const char *addr, const char *kind,
    const char *text)
{
	int tries;

	for (tries = 0; tries < 2 && join(s); tries++) {
		if (event_tell_now(s->ch, trace, addr, kind, text) == 0 ||
		    errno == EAGAIN)
			return;
		close(s->ch);
		s->ch = -1;
	}
}

void
story_refused(struct story *s, const char *trace, const char *service,
    const char *peer, const char *reason)
{
	char text[TEXT_MAX];

	if (!may_tell(s, peer))
		return;
	snprintf(text, sizeof text, "service=%s peer=%s reason=\"%s\"",
	    service, peer, reason);
	tell(s, trace, peer, "refuse", text);
}

void
story_ban(struct story *s, const char *trace, const char *net,
    const char *text)
{
	if (may_tell(s, net))
		tell(s, trace, net, "ban", text);
}
