#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/queue/job.h"
#include "store/wire.h"

void
job_put(struct buf *b, const struct job *j)
{
	size_t i;

	chan_put_u32(b, j->route);
	chan_put_str(b, j->domain);
	chan_put_str(b, j->from);
	chan_put_str(b, j->envid);
	chan_put_u32(b, j->flags);
	chan_put_u32(b, j->attempts);
	chan_put_u64(b, j->offset);
	chan_put_u64(b, j->size);
	for (i = 0; i < j->nrcpt; i++) {
		chan_put_u8(b, 1);
		chan_put_u32(b, j->rcpt[i].n);
		chan_put_str(b, j->rcpt[i].addr);
		chan_put_str(b, j->rcpt[i].orcpt);
		chan_put_u32(b, j->rcpt[i].notify);
	}
	chan_put_u8(b, 0);
}

static bool
get_body(struct chan_in *in, struct job *j)
{
	struct job_rcpt *r;
	struct wire w;

	if (!wire_init(&w, in, &j->text))
		return false;
	j->route = chan_get_u32(in);
	j->domain = wire_str(&w);
	j->from = wire_str(&w);
	j->envid = wire_str(&w);
	j->flags = chan_get_u32(in);
	j->attempts = chan_get_u32(in);
	j->offset = chan_get_u64(in);
	j->size = chan_get_u64(in);
	while (wire_row(&w, (void **)&j->rcpt, &j->nrcpt, sizeof *j->rcpt)) {
		r = &j->rcpt[j->nrcpt - 1];
		r->n = chan_get_u32(in);
		r->addr = wire_str(&w);
		r->orcpt = wire_str(&w);
		r->notify = chan_get_u32(in);
	}
	return !w.bad && chan_end(in) && j->nrcpt > 0;
}

bool
job_get(struct chan_in *in, uint32_t id, int fd, struct job *j)
{
	memset(j, 0, sizeof *j);
	j->id = id;
	j->fd = fd;
	if (get_body(in, j) && fd != -1)
		return true;
	job_clear(j);
	return false;
}

void
job_clear(struct job *j)
{
	if (j->fd != -1)
		close(j->fd);
	free(j->rcpt);
	free(j->text);
	memset(j, 0, sizeof *j);
	j->fd = -1;
}

static void
put_text(struct buf *b, const char *s)
{
	chan_put_bytes(b, s, strnlen(s, JOB_TEXT_MAX - 1));
}

/* A longer one the sender could not pass on: keeper would close on it. */
static const char *
get_text(struct wire *w)
{
	const char *s = wire_str(w);

	w->bad = w->bad || strlen(s) >= JOB_TEXT_MAX;
	return s;
}

void
job_result_put(struct buf *b, const struct job_result *r)
{
	size_t i;

	chan_put_u8(b, r->last);
	chan_put_u8(b, r->tried);
	chan_put_u8(b, r->reports);
	chan_put_u8(b, r->told);
	put_text(b, r->peer);
	put_text(b, r->tls);
	put_text(b, r->why);
	for (i = 0; i < r->nrcpt; i++) {
		chan_put_u8(b, 1);
		chan_put_u32(b, r->rcpt[i].n);
		chan_put_u8(b, (uint8_t)r->rcpt[i].fate);
		put_text(b, r->rcpt[i].text);
	}
	chan_put_u8(b, 0);
}

bool
job_result_get(struct chan_in *in, struct job_result *r)
{
	struct job_fate_of *f;
	unsigned int fate;
	struct wire w;

	memset(r, 0, sizeof *r);
	if (!wire_init(&w, in, &r->text))
		return false;
	r->last = chan_get_u8(in) != 0;
	r->tried = chan_get_u8(in) != 0;
	r->reports = chan_get_u8(in) != 0;
	r->told = chan_get_u8(in) != 0;
	r->peer = get_text(&w);
	r->tls = get_text(&w);
	r->why = get_text(&w);
	while (wire_row(&w, (void **)&r->rcpt, &r->nrcpt, sizeof *r->rcpt)) {
		f = &r->rcpt[r->nrcpt - 1];
		f->n = chan_get_u32(in);
		fate = chan_get_u8(in);
		f->text = get_text(&w);
		w.bad = w.bad || fate >= JOB_FATES;
		f->fate = (enum job_fate)fate;
	}
	if (!w.bad && chan_end(in))
		return true;
	job_result_clear(r);
	return false;
}

void
job_result_clear(struct job_result *r)
{
	free(r->rcpt);
	free(r->text);
	memset(r, 0, sizeof *r);
}

void
job_mark_put(struct buf *b, const uint32_t *n, size_t count)
{
	size_t i;

	chan_put_u32(b, (uint32_t)count);
	for (i = 0; i < count; i++)
		chan_put_u32(b, n[i]);
}

bool
job_mark_get(struct chan_in *in, uint32_t *n, size_t *count)
{
	uint32_t k = chan_get_u32(in), i;

	*count = 0;
	if (k == 0 || k > JOB_CHUNK)
		return false;
	for (i = 0; i < k; i++)
		n[i] = chan_get_u32(in);
	*count = k;
	return chan_end(in);
}
