#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/node/conf.h"
#include "mailnode/queue/route.h"
#include "mailnode/queue/away.h"

enum { TEXT_MAX = 400 };	/* octets of an alarm */

struct away {
	char	text[TEXT_MAX];	/* the alarm that is up; "": none */
};

struct away *
away_new(void)
{
	return calloc(conf.nrelays + 1, sizeof(struct away));
}

static void
describe(int route, const char *why, char text[TEXT_MAX])
{
	const struct conf_relay *r = &conf.relays[route];
	bool login = r->entry != NULL && strncmp(why, "AUTH: ", 6) == 0;

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
	describe(route, why, text);
	if (strcmp(text, t->text) == 0)
		return;
	if (t->text[0] != '\0')
		proc_clear(s->pr, t->text);
	if (text[0] != '\0')
		proc_alarm(s->pr, text);
	memcpy(t->text, text, sizeof text);
}
