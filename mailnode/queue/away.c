#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/err.h"
#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/queue/away.h"
#include "mailnode/queue/retry.h"
#include "mailnode/queue/route.h"

enum { TEXT_MAX = 400 };	/* octets of an alarm */

struct away {
	char		text[TEXT_MAX];	/* the alarm that is up; "": none */
	uint32_t	refused;	/* logins since one went well */
	int64_t		until;		/* wall seconds; 0: open */
};

struct away *
away_new(void)
{
	return calloc(conf.nrelays + 1, sizeof(struct away));
}

static bool
is_login(int route, const char *why)
{
	return conf.relays[route].entry != NULL &&
	    strncmp(why, "AUTH: ", 6) == 0;
}

/* There is no password, or another one is wanted: for that there must have
 * been a no, as a server that is busy, or offers nothing, has not seen it. */
static bool
wants_password(int route, const char *why)
{
	const char *text = why + strlen("AUTH: ");

	return is_login(route, why) && (text[0] == '5' ||
	    strcmp(text, crypto_err_text(CRYPTO_ABSENT)) == 0);
}

static void
describe(int route, const char *why, char text[TEXT_MAX])
{
	const struct conf_relay *r = &conf.relays[route];
	bool login = wants_password(route, why);

	text[0] = '\0';
	if (why[0] != '\0')
		(void)snprintf(text, TEXT_MAX, "letters wait: relay %.64s: "
		    "%.200s%s%.100s%s", r->name, why,
		    login ? " (mailnode vault set " : "",
		    login ? r->entry : "", login ? ")" : "");
}

void
away_note(struct sender *s, int route, const char *why)
{
	struct away *t = &s->away[route];
	char text[TEXT_MAX];

	if (route_is_mx(route))
		return;
	if (is_login(route, why))
		t->until = clock_wall_s() + retry_delay_s(++t->refused,
		    letters_random());
	else if (why[0] == '\0')
		t->until = t->refused = 0;
	describe(route, why, text);
	if (strcmp(text, t->text) == 0)
		return;
	if (t->text[0] != '\0')
		proc_clear(s->pr, t->text);
	if (text[0] != '\0')
		proc_alarm(s->pr, text);
	memcpy(t->text, text, sizeof text);
}

int64_t
away_until(const struct sender *s, int route)
{
	int64_t until = s->away[route].until;

	return until > clock_wall_s() ? until : 0;
}

void
away_forget(struct sender *s)
{
	size_t i;

	for (i = 0; i < conf.nrelays; i++)
		s->away[i].until = 0;
}
