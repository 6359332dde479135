/*
 * train: learns from Maildirs, mboxes, files and directories of messages.
 * score: what the filter makes of one message, or of many.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/filter/op_train.h"
#include "mailnode/filter/sample.h"
#include "mailnode/filter/verdict.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "store/dyn.h"
#include "store/import.h"

enum {
	SCORE_TOKENS = 20,	/* shown unless -n says otherwise */
	OUT_MAX = 4 * 1024 * 1024
};

static void
say_bad(void *arg, const char *path, const char *why)
{
	unsigned int *failed = arg;

	++*failed;
	(void)cmd_fail(path, why);
}

/* What decoding needs is loaded when a message needs it: there is no sandbox,
 * and few do. */
static const char *
no_tokens(void)
{
	return dyn_gmime() == NULL ? dyn_error() : "out of memory";
}

/* ---- train ---- */

struct train {
	unsigned int	 failed;	/* first: say_bad() */
	int		 ch;
	enum learn_as	 as;
	struct tokens	 tokens;
	struct buf	 args, filed;
	const char	*stopped;
};

/* Of the whole, for its content says whether it was learnt before: the same
 * id that keeper makes of a row's hash when it is filed.  0, or -1. */
static int
content_id(struct buf *filed, const struct import_item *i, uint64_t *id)
{
	uint8_t digest[SHA256_OCTETS];

	buf_reset(filed);
	if (import_crlf_put(filed, i->data, i->size, i->mbox) == -1)
		return -1;
	sha256_of(filed->len > 0 ? filed->data : digest, filed->len,
	    digest);
	memcpy(id, digest, sizeof *id);
	return 0;
}

static bool
train_item(void *arg, struct import_item *i)
{
	struct train *t = arg;
	uint64_t id;

	if (i->size == 0)
		return true;	/* an mbox without messages, a torn copy */
	tokens_reset(&t->tokens);
	if (content_id(&t->filed, i, &id) == -1)
		t->stopped = "out of memory";
	else if (sample_tokens(&t->tokens, (const uint8_t *)i->data,
	    i->size) == -1)
		t->stopped = no_tokens();
	else if (train_tell(t->ch, &t->args, t->as, id, &t->tokens) == -1)
		t->stopped = strerror(errno);
	return t->stopped == NULL;
}

static int
train_done(const struct train *t, const struct train_state *was,
    const struct train_state *now, bool quiet)
{
	if (!quiet && t->as == LEARN_FORGET)
		printf("forgotten %llu", (unsigned long long)
		    (now->totals.forgot - was->totals.forgot));
	else if (!quiet)
		printf("learnt %llu, changed %llu, known before %llu",
		    (unsigned long long)(now->totals.learnt -
		    was->totals.learnt), (unsigned long long)
		    (now->totals.changed - was->totals.changed),
		    (unsigned long long)(now->totals.had -
		    was->totals.had));
	if (!quiet)
		printf(", failed %u; now %u good, %u junk\n", t->failed,
		    now->good, now->bad);
	return t->failed > 0;
}

static int
train_all(struct train *t, int n, char **path, bool quiet)
{
	struct import walk = { .item = train_item, .bad = say_bad,
	    .bytes = true, .loose = true, .arg = t };
	struct train_state was, now;
	struct op_reply r;
	uint16_t status;
	int i, rc = 1;

	op_reply_init(&r);
	status = train_begin(t->ch, &r, &was);
	if (status != OP_OK) {
		rc = cmd_fail("tokens", status == STORE_READONLY ?
		    "cannot be written: see mailnode status" :
		    store_status_text(status));
		goto out;
	}
	if (tokens_init(&t->tokens, was.key, false) == -1) {
		rc = cmd_fail("train", "out of memory");
		goto out;
	}
	for (i = 0; i < n && t->stopped == NULL; i++)
		(void)import_walk(&walk, path[i]);
	if (t->stopped == NULL && train_flush(t->ch, &t->args) == -1)
		t->stopped = strerror(errno);
	status = train_end(t->ch, &r, &now);
	if (t->stopped != NULL)
		rc = cmd_fail("train", t->stopped);
	else if (status != OP_OK)
		rc = cmd_fail("train", store_status_text(status));
	else
		rc = train_done(t, &was, &now, quiet);
out:
	tokens_clear(&t->tokens);
	op_reply_clear(&r);
	return rc;
}

static bool
train_as(const char *s, enum learn_as *as)
{
	if (strcmp(s, "spam") == 0 || strcmp(s, "junk") == 0)
		*as = LEARN_JUNK;
	else if (strcmp(s, "ham") == 0 || strcmp(s, "good") == 0)
		*as = LEARN_GOOD;
	else if (strcmp(s, "forget") == 0)
		*as = LEARN_FORGET;
	else
		return false;
	return true;
}

int
cmd_train(int argc, char **argv)
{
	struct train t = { .failed = 0 };
	struct node *node = NULL;
	bool quiet = false;
	int c, rc;

	while ((c = cmd_option("train", argc, argv, "+hq", NULL)) != -1) {
		if (c != 'q')
			return cmd_usage("train", c == 'h');
		quiet = true;
	}
	if (argc - optind == 2 && strcmp(argv[optind + 1], "-h") == 0)
		return cmd_usage("train", 1);
	if (argc - optind < 2 || !train_as(argv[optind], &t.as))
		return cmd_usage("train", 0);
	t.ch = cmd_link("train", &node, ROLE_KEEPER);
	if (t.ch == -1) {
		node_close(node);
		return 1;
	}
	buf_init(&t.args, CHAN_DATA_MAX);
	buf_init(&t.filed, SIZE_MAX / 4);
	rc = train_all(&t, argc - optind - 1, argv + optind + 1, quiet);
	buf_clear(&t.args);
	buf_clear(&t.filed);
	close(t.ch);
	node_close(node);
	return rc;
}

/* ---- score ---- */

struct score {
	unsigned int	 failed;	/* first: say_bad() */
	bool		 json, many;
	uint32_t	 show;		/* tokens */
	struct table	 table;
	struct tokens	 tokens;
	const char	*stopped;
};

struct share {
	double		 by;
	size_t		 token;
};

static int
by_weight(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return fabs(x->by) < fabs(y->by) ? 1 : fabs(x->by) > fabs(y->by) ?
	    -1 : x->token < y->token ? -1 : 1;
}

static void
put_token(const struct score *s, struct buf *b, const struct share *h,
    bool first)
{
	const char *name = tokens_name(&s->tokens, h->token);

	if (s->json) {
		buf_adds(b, first ? "{\"token\":" : ",{\"token\":");
		json_string(b, name);
		buf_addf(b, ",\"share\":%.4f}", h->by);
	} else
		buf_addf(b, "%+.3f  %s\n", h->by, name);
}

/* The deciding tokens, those that say most first. */
static void
put_tokens(const struct score *s, struct buf *b)
{
	struct share *h = calloc(s->tokens.n + 1, sizeof *h);
	double *by = calloc(s->tokens.n + 1, sizeof *by);
	size_t i;

	if (h == NULL || by == NULL)
		goto out;
	bayes_shares(&s->table, &s->tokens, by);
	for (i = 0; i < s->tokens.n; i++)
		h[i] = (struct share){ .token = i, .by = by[i] };
	qsort(h, s->tokens.n, sizeof *h, by_weight);
	for (i = 0; i < s->tokens.n && i < s->show && h[i].by != 0; i++)
		put_token(s, b, &h[i], i == 0);
out:
	free(by);
	free(h);
}

static void
put_json(const struct score *s, struct buf *b, const char *path,
    const struct bayes_score *r)
{
	buf_adds(b, "{\"file\":");
	json_string(b, path);
	/* Most are near 0 or 1: who compares them wants all digits. */
	buf_addf(b, ",\"junk\":%.17g,\"verdict\":\"%s\",\"enough\":%s,"
	    "\"good\":%u,\"bad\":%u,\"tokens\":[", r->junk,
	    verdict_bayes_text(r), r->enough ? "true" : "false", r->good,
	    r->bad);
	if (!s->many)
		put_tokens(s, b);
	buf_adds(b, "]}\n");
}

static void
put_plain(const struct score *s, struct buf *b, const char *path,
    const struct bayes_score *r)
{
	buf_addf(b, "%.6f %s", r->junk, verdict_bayes_text(r));
	if (s->many) {
		buf_addf(b, " %s\n", path);
		return;
	}
	buf_addf(b, " (learnt: %u good, %u junk%s)\n", r->good, r->bad,
	    r->enough ? "" : "; not enough for a verdict");
	put_tokens(s, b);
}

static bool
score_octets(struct score *s, const char *path, const uint8_t *p, size_t n)
{
	struct bayes_score r;
	struct buf b;

	tokens_reset(&s->tokens);
	if (sample_tokens(&s->tokens, p, n) == -1) {
		s->stopped = no_tokens();
		return false;
	}
	bayes_score(&s->table, &s->tokens, &r);
	buf_init(&b, OUT_MAX);
	if (s->json)
		put_json(s, &b, path, &r);
	else
		put_plain(s, &b, path, &r);
	if (fwrite(b.data, 1, b.len, stdout) != b.len)
		s->stopped = strerror(errno);
	buf_clear(&b);
	return s->stopped == NULL;
}

static bool
score_item(void *arg, struct import_item *i)
{
	return score_octets(arg, i->path, (const uint8_t *)i->data, i->size);
}

/* Reads on to the end, so that who writes to us is not cut off. */
static void
score_stdin(struct score *s)
{
	char chunk[4096];
	struct buf b;
	size_t n;

	buf_init(&b, SAMPLE_MAX + sizeof chunk);
	while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
		if (b.len < SAMPLE_MAX)
			(void)buf_add(&b, chunk, n);
	if (ferror(stdin) || b.err != 0)
		s->stopped = strerror(ferror(stdin) ? errno : b.err);
	else
		(void)score_octets(s, "-", b.data != NULL ? b.data :
		    (const uint8_t *)"", b.len);
	buf_clear(&b);
}

static bool
open_tokens(struct score *s)
{
	char *home = conf_home(), path[4096];
	struct table_head h = { .key = 0 };
	enum table_err e = TABLE_SYSTEM;

	if (home != NULL && learner_path(path, sizeof path, home))
		e = table_open(&s->table, path);
	free(home);
	if (e != TABLE_OK && e != TABLE_NONE) {
		(void)cmd_fail("tokens", table_err_text(e));
		return false;
	}
	if (e == TABLE_OK)
		(void)table_head(&s->table, &h);
	if (tokens_init(&s->tokens, h.key, !s->many) == 0)
		return true;
	(void)cmd_fail("score", "out of memory");
	return false;
}

static int
score_all(struct score *s, int n, char **path)
{
	struct import walk = { .item = score_item, .bad = say_bad,
	    .bytes = true, .loose = true, .arg = s };
	int i;

	if (n == 0 || (n == 1 && strcmp(path[0], "-") == 0))
		score_stdin(s);
	else
		for (i = 0; i < n && s->stopped == NULL; i++)
			(void)import_walk(&walk, path[i]);
	if (s->stopped != NULL)
		return cmd_fail("score", s->stopped);
	if (fflush(stdout) != 0)
		return cmd_fail("stdout", strerror(errno));
	return s->failed > 0;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
cmd_score(int argc, char **argv)
{
	struct score s = { .show = SCORE_TOKENS };
	int c, rc = 1;

	while ((c = cmd_option("score", argc, argv, "+hjn:", NULL)) != -1) {
		if (c == 'n') {
			if (num_u32(optarg, optarg + strlen(optarg), 0,
			    TOKEN_MAX, &s.show) == -1)
				return cmd_usage("score", 0);
		} else if (c != 'j')
			return cmd_usage("score", c == 'h');
		s.json = s.json || c == 'j';
	}
	argc -= optind;
	argv += optind;
	s.many = argc > 1 || (argc == 1 && is_directory(argv[0]));
	if (open_tokens(&s))
		rc = score_all(&s, argc, argv);
	tokens_clear(&s.tokens);
	table_close(&s.table);
	return rc;
}
