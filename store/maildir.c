#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/num.h"
#include "store/maildir.h"

enum {
	PATH_MAX_OCTETS = 4096,
	OPEN_TRIES = 10		/* others rename it meanwhile */
};

#define SECONDS_MAX	UINT64_C(99999999999)

/* Sorted, as the Maildir page wants them. */
static const struct { char letter; uint32_t flag; } letters[] = {
	{ 'D', STORE_DRAFT }, { 'F', STORE_FLAGGED }, { 'P', STORE_PASSED },
	{ 'R', STORE_ANSWERED }, { 'S', STORE_SEEN }, { 'T', STORE_DELETED }
};
enum { NLETTERS = sizeof letters / sizeof letters[0] };

static void
parse_flags(const char *p, struct maildir_name *n)
{
	size_t i, nextra = 0;

	for (; *p != '\0'; p++) {
		for (i = 0; i < NLETTERS; i++)
			if (letters[i].letter == *p)
				break;
		if (i < NLETTERS)
			n->flags |= letters[i].flag;
		else if (*p >= 'a' && *p <= 'z' &&
		    nextra + 1 < sizeof n->extra)
			n->extra[nextra++] = *p;
	}
}

/* ",K=" followed by digits, up to the next comma, dot or the end. */
static const char *
field(const struct maildir_name *n, char key)
{
	const char *p, *end = n->base + n->nbase;

	for (p = n->base; p + 3 <= end; p++)
		if (p[0] == ',' && p[1] == key && p[2] == '=')
			return p + 3;
	return NULL;
}

static const char *
digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static void
parse_fields(struct maildir_name *n)
{
	const char *end = n->base + n->nbase, *p, *q, *r;
	uint64_t v;

	p = field(n, 'I');
	if (p != NULL) {
		q = digits(p, end);
		r = q < end ? digits(q + 1, end) : q;
		n->paired = q < end && *q == '.' &&
		    (r == end || *r == ',') &&
		    num_u32(p, q, 1, UINT32_MAX, &n->uidvalidity) == 0 &&
		    num_u32(q + 1, r, 1, UINT32_MAX, &n->uid) == 0;
	}
	p = field(n, 'D');
	if (p != NULL && num_u64(p, digits(p, end), 1,
	    SECONDS_MAX, &v) == 0)
		n->saved = (int64_t)v;
	q = digits(n->base, end);
	if (q < end && *q == '.' && num_u64(n->base, q, 1,
	    SECONDS_MAX, &v) == 0)
		n->seconds = (int64_t)v;
}

/* ",K=9" and its end; NULL: there is none. */
static const char *
counted(const struct maildir_name *n, char key, const char **after)
{
	const char *end = n->base + n->nbase, *p = field(n, key);

	if (p == NULL)
		return NULL;
	*after = digits(p, end);
	if (*after == p || (*after < end && **after != ','))
		return NULL;
	return p - 3;
}

/* The base without it; its octets. */
static size_t
without(char dst[MAILDIR_REL_MAX], const struct maildir_name *n, char key)
{
	const char *end = n->base + n->nbase, *after = end, *p;
	size_t before;

	p = counted(n, key, &after);
	before = p != NULL ? (size_t)(p - n->base) : n->nbase;
	memcpy(dst, n->base, before);
	memcpy(dst + before, after, (size_t)(end - after));
	return before + (size_t)(end - after);
}

/* Without mbsync's ",U=9", which comes and goes. */
static size_t
bare(char dst[MAILDIR_REL_MAX], const struct maildir_name *n)
{
	return without(dst, n, 'U');
}

/* The last one: a foreign base may hold a colon. */
static const char *
last_info(const char *p)
{
	const char *last = NULL;

	while ((p = strstr(p, ":2,")) != NULL)
		last = p++;
	return last;
}

bool
maildir_parse(const char *rel, struct maildir_name *n)
{
	const char *info;
	size_t len = strlen(rel);

	memset(n, 0, sizeof *n);
	if (len <= 4 || len >= MAILDIR_REL_MAX)
		return false;
	if (memcmp(rel, "new/", 4) == 0)
		n->is_new = true;
	else if (memcmp(rel, "cur/", 4) != 0)
		return false;
	n->base = rel + 4;
	if (n->base[0] == '.' || strchr(n->base, '/') != NULL)
		return false;
	info = last_info(n->base);
	n->nbase = info != NULL ? (size_t)(info - n->base) : len - 4;
	if (n->nbase == 0)
		return false;
	if (info != NULL)
		parse_flags(info + 3, n);
	parse_fields(n);
	return true;
}

enum store_err
maildir_base(char *dst, size_t size, int64_t received, const char *host,
    uint64_t octets)
{
	static uint64_t count;
	char name[MAILDIR_HOST_MAX];
	size_t i;
	int n;

	snprintf(name, sizeof name, "%s", host);
	for (i = 0; name[i] != '\0'; i++)
		if (name[i] == '/' || name[i] == ':' || name[i] == ',')
			name[i] = '_';
	n = snprintf(dst, size, "%lld.M%06lldP%dQ%llu.%s,S=%llu",
	    (long long)(received > 0 ? received : 1),
	    (long long)(clock_wall_us() % 1000000), (int)getpid(),
	    (unsigned long long)++count, name, (unsigned long long)octets);
	return n < 0 || (size_t)n >= size ? STORE_NAME : STORE_OK;
}

static void
flag_text(char dst[NLETTERS + 1], uint32_t flags)
{
	size_t i, n = 0;

	for (i = 0; i < NLETTERS; i++)
		if (flags & letters[i].flag)
			dst[n++] = letters[i].letter;
	dst[n] = '\0';
}

enum store_err
maildir_make(char *dst, size_t size, const char *base, size_t nbase,
    uint32_t uidvalidity, uint32_t uid, uint32_t flags, const char *extra,
    bool fresh)
{
	struct maildir_name n = { .base = base, .nbase = nbase };
	char text[NLETTERS + 1], mem[MAILDIR_REL_MAX], old[MAILDIR_REL_MAX];
	const char *p, *end, *tail;
	bool in_new = fresh && flags == 0 && extra[0] == '\0';
	int len, i;

	flag_text(text, flags);
	if (nbase >= sizeof mem)
		return STORE_NAME;
	/* Who has another pair is another message to mbsync too. */
	if (field(&n, 'I') != NULL) {
		n.nbase = bare(mem, &n);
		n.base = mem;
	}
	nbase = without(old, &n, 'D');
	base = old;
	n = (struct maildir_name){ .base = base, .nbase = nbase };
	tail = end = base + nbase;
	p = field(&n, 'I');
	if (p != NULL) {
		nbase = (size_t)(p - 3 - base);
		for (tail = p; tail < end && *tail != ','; )
			tail++;
	}
	len = snprintf(dst, size, "%s/%.*s,D=%lld,I=%u.%u%.*s%s%s%s",
	    in_new ? "new" : "cur", (int)nbase, base,
	    (long long)clock_wall_s(),
	    (unsigned int)uidvalidity, (unsigned int)uid,
	    (int)(end - tail), tail, in_new ? "" : ":2,", text,
	    in_new ? "" : extra);
	if (len < 0 || (size_t)len >= size)
		return STORE_NAME;
	/* A colon in a foreign base could pass for the flags. */
	len -= in_new ? 0 : (int)(3 + strlen(text) + strlen(extra));
	for (i = 4; i < len; i++)
		if (dst[i] == ':')
			dst[i] = '_';
	return STORE_OK;
}

enum store_err
maildir_reflag(char *dst, size_t size, const char *rel, uint32_t flags)
{
	struct maildir_name n;
	char text[NLETTERS + 1];
	int len;

	if (!maildir_parse(rel, &n))
		return STORE_NAME;
	flag_text(text, flags);
	if (n.is_new && flags == 0 && n.extra[0] == '\0')
		len = snprintf(dst, size, "%s", rel);
	else
		len = snprintf(dst, size, "cur/%.*s:2,%s%s", (int)n.nbase,
		    n.base, text, n.extra);
	return len < 0 || (size_t)len >= size ? STORE_NAME : STORE_OK;
}

bool
maildir_same(const struct maildir_name *a, const struct maildir_name *b)
{
	char x[MAILDIR_REL_MAX], y[MAILDIR_REL_MAX];
	size_t n;

	if (a->paired || b->paired)
		return a->paired && b->paired && a->uid == b->uid &&
		    a->uidvalidity == b->uidvalidity;
	n = bare(x, a);
	return n == bare(y, b) && memcmp(x, y, n) == 0;
}

/* The base that `want` has, with what mbsync wrote into that of `is`. */
static enum store_err
base_now(char dst[MAILDIR_REL_MAX], const struct maildir_name *want,
    const struct maildir_name *is)
{
	const char *p, *after = NULL;
	size_t n = bare(dst, want), more;

	p = counted(is, 'U', &after);
	more = p != NULL ? (size_t)(after - p) : 0;
	if (n + more >= MAILDIR_REL_MAX)
		return STORE_NAME;
	if (more > 0)
		memcpy(dst + n, p, more);
	dst[n + more] = '\0';
	return STORE_OK;
}

enum store_err
maildir_follow(char dst[MAILDIR_REL_MAX], const char *was, const char *want,
    const char *is)
{
	struct maildir_name w, t, i, *keep;
	char base[MAILDIR_REL_MAX], text[NLETTERS + 1];
	enum store_err rc = STORE_OK;
	uint32_t flags;
	bool in_new;
	int n;

	if (!maildir_parse(was, &w) || !maildir_parse(want, &t) ||
	    !maildir_parse(is, &i))
		return STORE_NAME;
	flags = (i.flags & ~(w.flags & ~t.flags)) | (t.flags & ~w.flags);
	keep = maildir_same(&w, &t) ? &i : &t;
	snprintf(base, sizeof base, "%.*s", (int)keep->nbase, keep->base);
	if (keep == &t && !w.paired)
		rc = base_now(base, &t, &i);
	if (rc != STORE_OK)
		return rc;
	flag_text(text, flags);
	in_new = i.is_new && t.is_new && flags == 0 && i.extra[0] == '\0';
	n = snprintf(dst, MAILDIR_REL_MAX, "%s/%s%s%s%s", in_new ? "new" :
	    "cur", base, in_new ? "" : ":2,", text, in_new ? "" : i.extra);
	return n < 0 || n >= MAILDIR_REL_MAX ? STORE_NAME : STORE_OK;
}

static int
search(int root, const char *folder, const char *sub,
    const struct maildir_name *want, char *found)
{
	char path[PATH_MAX_OCTETS], rel[MAILDIR_REL_MAX];
	struct maildir_name n;
	struct dirent *d;
	DIR *dir;
	int fd, err, rc = -1;

	errno = ENOENT;
	if (snprintf(path, sizeof path, "%s/%s", folder, sub) >=
	    (int)sizeof path)
		return -1;
	fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd != -1 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	/* One that cannot be read to its end may hold it. */
	for (errno = 0; rc == -1 && (d = readdir(dir)) != NULL; errno = 0)
		if (snprintf(rel, sizeof rel, "%s/%s", sub, d->d_name) <
		    (int)sizeof rel &&
		    maildir_parse(rel, &n) && maildir_same(&n, want)) {
			snprintf(found, MAILDIR_REL_MAX, "%s", rel);
			rc = 0;
		}
	err = errno != 0 ? errno : ENOENT;
	closedir(dir);
	errno = err;
	return rc;
}

int
maildir_find(int root, const char *folder, const char *rel, char *found)
{
	struct maildir_name want;

	errno = ENOENT;
	if (maildir_parse(rel, &want) &&
	    (search(root, folder, "cur", &want, found) == 0 ||
	    (errno == ENOENT &&
	    search(root, folder, "new", &want, found) == 0)))
		return 0;
	return -1;
}

int
maildir_open(int root, const char *folder, const char *rel, char *found)
{
	char path[PATH_MAX_OCTETS], other[MAILDIR_REL_MAX];
	const char *name = rel;
	int fd, tries;

	if (found == NULL)
		found = other;
	snprintf(found, MAILDIR_REL_MAX, "%s", rel);
	/* It may be renamed once more between search and open. */
	for (tries = 0; tries < OPEN_TRIES; tries++) {
		if (snprintf(path, sizeof path, "%s/%s", folder, name) >=
		    (int)sizeof path) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
		    O_NONBLOCK);
		if (fd != -1 || errno != ENOENT)
			return fd;
		if (maildir_find(root, folder, rel, found) == 0)
			name = found;
		else if (tries > 1 || errno != ENOENT)
			return -1;
	}
	errno = ENOENT;
	return -1;
}
