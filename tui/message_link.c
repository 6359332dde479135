/* The links of a message: numbered while one is chosen. */
#define _DEFAULT_SOURCE	/* strncasecmp */
#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "tui/compose.h"
#include "tui/message_parts.h"
#include "tui/run.h"
#include "tui/term.h"
#include "tui/unsub.h"

static struct message_view *
self(struct view *v)
{
	return (struct message_view *)v;
}

static const char *
numbered_link(struct message_view *m, const char *text)
{
	uint32_t n;

	if (text == NULL || num_u32(text, text + strlen(text), 1,
	    (uint32_t)m->p.doc.nlinks, &n) == -1)
		return NULL;
	return m->p.doc.link[n - 1].url;
}

/* An address is written to, here. */
static bool
write_to(struct tui *t, const char *url)
{
	struct unsub u = { .url = "" };

	if (strncasecmp(url, "mailto:", 7) != 0 ||
	    !unsub_mailto(&u, url + 7, strlen(url + 7)))
		return false;
	compose_new(t, u.addr, u.subject, u.body);
	return true;
}

static void
link_chosen(void *arg, const char *text, bool copy)
{
	struct message_view *m = arg;
	const char *url = numbered_link(m, text);

	if (url != NULL && copy) {
		term_clip(url, strlen(url));
		app_note(m->p.v.t, "copied: %s", url);
	} else if (url != NULL && !write_to(m->p.v.t, url)) {
		if (!run_open(m->p.v.t, url))
			app_error(m->p.v.t, "cannot open %s", url);
	} else if (url == NULL && text != NULL && *text != '\0') {
		app_error(m->p.v.t, "no link %s", text);
	}
	m->look.numbers = false;
	message_rebuild(m);
}

static void
link_open(void *arg, const char *text)
{
	link_chosen(arg, text, false);
}

static void
link_copy(void *arg, const char *text)
{
	link_chosen(arg, text, true);
}

static void
ask_link(struct message_view *m, const char *label,
    void (*done)(void *, const char *))
{
	struct prompt_ask ask = { .label = label, .done = done, .arg = m };

	if (m->p.doc.nlinks == 0) {
		app_error(m->p.v.t, "no links here");
		return;
	}
	m->look.numbers = true;
	message_rebuild(m);
	if (m->p.doc.nlinks == 1)
		ask.text = "1";
	app_prompt(m->p.v.t, &ask);
}

void
message_link_open(struct view *v, const char *arg)
{
	(void)arg;
	ask_link(self(v), "Open link: ", link_open);
}

void
message_link_copy(struct view *v, const char *arg)
{
	(void)arg;
	ask_link(self(v), "Copy link: ", link_copy);
}
