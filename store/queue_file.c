#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "store/queue_file.h"

static const char magic[] = "mailnode-letter ";

void
queue_id_text(uint64_t id, char dst[QUEUE_ID_MAX])
{
	snprintf(dst, QUEUE_ID_MAX, "%016llx", (unsigned long long)id);
}

static int
hex(const char *s, size_t n, uint64_t *v)
{
	size_t i;
	char c;

	*v = 0;
	for (i = 0; i < n; i++) {
		c = s[i];
		if (c >= '0' && c <= '9')
			*v = *v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*v = *v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -1;
	}
	return 0;
}

int
queue_id_parse(const char *s, uint64_t *id)
{
	*id = 0;
	return strlen(s) == 16 && hex(s, 16, id) == 0 && *id != 0 ? 0 : -1;
}

void
queue_head_put(struct buf *b, const struct queue_head *h)
{
	const struct queue_envelope *e = &h->env;
	size_t i;

	buf_addf(b, "%s1\nid %016llx\ncreated %lld\nflags %u\nrole %u\n",
	    magic, (unsigned long long)h->id, (long long)h->created,
	    (unsigned int)e->flags, (unsigned int)h->role);
	buf_addf(b, "from %s\nmsgid %s\nenvid %s\nsubject %s\n", e->from,
	    e->msgid, e->envid, e->subject);
	for (i = 0; i < e->nto; i++)
		buf_addf(b, "to %u %s %s\n", (unsigned int)e->to[i].notify,
		    e->to[i].orcpt[0] != '\0' ? e->to[i].orcpt : "-",
		    e->to[i].addr);
	buf_addc(b, '\n');
}

void
queue_trailer_put(struct buf *b, uint64_t size)
{
	buf_addf(b, "\nmailnode-end %016llx\n", (unsigned long long)size);
}

static enum store_err
read_head(int fd, struct queue_head *h, size_t *n)
{
	ssize_t k;

	h->text = malloc(QUEUE_HEAD_MAX + 1);
	if (h->text == NULL)
		return STORE_NOMEM;
	*n = 0;
	while (*n < QUEUE_HEAD_MAX) {
		k = pread(fd, h->text + *n, QUEUE_HEAD_MAX - *n, (off_t)*n);
		if (k == -1)
			return STORE_IO;
		if (k == 0)
			break;
		*n += (size_t)k;
	}
	h->text[*n] = '\0';
	return STORE_OK;
}

/* The rest of the line after "NAME ", terminated; *p stands behind it. */
static char *
field(char **p, const char *end, const char *name)
{
	size_t n = strlen(name);
	char *v = *p, *lf;

	lf = memchr(v, '\n', (size_t)(end - v));
	if (lf == NULL || memchr(v, '\0', (size_t)(lf - v)) != NULL ||
	    strncmp(v, name, n) != 0 || v[n] != ' ')
		return NULL;
	*lf = '\0';
	*p = lf + 1;
	return v + n + 1;
}

static int
number(char **p, const char *end, const char *name, uint64_t max,
    uint64_t *v)
{
	char *s = field(p, end, name);

	return s == NULL ? -1 : num_u64(s, s + strlen(s), 0, max, v);
}

/* "NOTIFY ORCPT ADDRESS" */
static int
parse_to(char *s, struct queue_to *to)
{
	char *orcpt = strchr(s, ' '), *addr;

	addr = orcpt != NULL ? strchr(orcpt + 1, ' ') : NULL;
	if (addr == NULL || addr[1] == '\0')
		return -1;
	*orcpt++ = '\0';
	*addr++ = '\0';
	to->addr = addr;
	to->orcpt = strcmp(orcpt, "-") == 0 ? "" : orcpt;
	return num_u32(s, s + strlen(s), 0, 15, &to->notify);
}

static enum store_err
parse_rcpts(struct queue_head *h, char **p, const char *end)
{
	char *s;

	h->to = calloc(QUEUE_RCPTS_MAX, sizeof *h->to);
	if (h->to == NULL)
		return STORE_NOMEM;
	while (*p < end && **p != '\n') {
		s = field(p, end, "to");
		if (s == NULL || h->env.nto >= QUEUE_RCPTS_MAX ||
		    parse_to(s, &h->to[h->env.nto]) == -1)
			return STORE_CORRUPT;
		h->env.nto++;
	}
	h->env.to = h->to;
	return *p < end && h->env.nto > 0 ? STORE_OK : STORE_CORRUPT;
}

static enum store_err
parse(struct queue_head *h, size_t n)
{
	char *p = h->text, *end = p + n, *s;
	uint64_t created, flags, role;
	enum store_err rc;

	s = field(&p, end, "mailnode-letter");
	if (s == NULL)
		return STORE_CORRUPT;
	if (strcmp(s, "1") != 0)
		return STORE_NEWER;
	s = field(&p, end, "id");
	if (s == NULL || queue_id_parse(s, &h->id) == -1 ||
	    number(&p, end, "created", INT64_MAX, &created) == -1 ||
	    number(&p, end, "flags", UINT32_MAX, &flags) == -1 ||
	    number(&p, end, "role", 255, &role) == -1)
		return STORE_CORRUPT;
	h->created = (int64_t)created;
	h->env.flags = (uint32_t)flags;
	h->role = (uint32_t)role;
	h->env.from = field(&p, end, "from");
	h->env.msgid = h->env.from ? field(&p, end, "msgid") : NULL;
	h->env.envid = h->env.msgid ? field(&p, end, "envid") : NULL;
	h->env.subject = h->env.envid ? field(&p, end, "subject") : NULL;
	if (h->env.subject == NULL)
		return STORE_CORRUPT;
	rc = parse_rcpts(h, &p, end);
	h->offset = (uint32_t)(p + 1 - h->text);
	return rc;
}

static enum store_err
check_end(int fd, struct queue_head *h)
{
	char end[QUEUE_TRAILER];
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st) == -1)
		return STORE_IO;
	if (st.st_size < (off_t)(h->offset + QUEUE_TRAILER) ||
	    pread(fd, end, sizeof end, st.st_size - QUEUE_TRAILER) !=
	    QUEUE_TRAILER || memcmp(end, "\nmailnode-end ", 14) != 0 ||
	    end[30] != '\n' || hex(end + 14, 16, &size) == -1)
		return STORE_STATE;
	h->size = (uint64_t)st.st_size - h->offset - QUEUE_TRAILER;
	return size == h->size ? STORE_OK : STORE_STATE;
}

/* The start of a head of ours, and no more of it than a crash let be. */
static bool
is_start(const char *text, size_t n)
{
	size_t m = n < sizeof magic - 1 ? n : sizeof magic - 1;

	return memcmp(text, magic, m) == 0 && strstr(text, "\n\n") == NULL &&
	    strlen(text) == n;
}

enum store_err
queue_head_read(int fd, struct queue_head *h)
{
	enum store_err rc;
	size_t n;

	memset(h, 0, sizeof *h);
	rc = read_head(fd, h, &n);
	if (rc == STORE_OK && is_start(h->text, n))
		rc = STORE_STATE;
	if (rc == STORE_OK)
		rc = parse(h, n);
	if (rc == STORE_OK)
		rc = check_end(fd, h);
	if (rc != STORE_OK)
		queue_head_clear(h);
	return rc;
}

void
queue_head_clear(struct queue_head *h)
{
	free(h->text);
	free(h->to);
	memset(h, 0, sizeof *h);
}
