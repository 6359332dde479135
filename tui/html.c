#include <stdlib.h>

#include "hooks/html.h"
#include "tui/html.h"
#include "tui/program.h"

enum { HTML_MAX = 5 * 1024 * 1024 };	/* octets given to a browser */

struct html_run {
	struct program	*program;
	void		(*done)(void *, struct buf *);
	void		*arg;
};

void
html_stop(struct html_run *r)
{
	if (r == NULL)
		return;
	program_stop(r->program);
	free(r);
}

static void
finish(void *arg, enum hook_err rc, int status, const struct buf *out)
{
	struct html_run *r = arg;
	struct buf text;

	buf_init(&text, HOOK_OUTPUT_MAX);
	if (rc == HOOK_OK && status == 0 && out->len > 0 &&
	    buf_add(&text, out->data, out->len) == 0)
		r->done(r->arg, &text);
	else
		r->done(r->arg, NULL);
	free(r);
}

struct html_run *
html_start(struct tui *t, int fd, uint64_t size, unsigned int columns,
    void (*done)(void *, struct buf *), void *arg)
{
	struct html_run *r;
	struct hook *h;

	if (size > HTML_MAX)
		return NULL;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->done = done;
	r->arg = arg;
	if (hook_html_start(&h, fd, columns) != HOOK_OK ||
	    (r->program = program_watch(t, h, finish, r)) == NULL) {
		free(r);
		return NULL;
	}
	return r;
}
