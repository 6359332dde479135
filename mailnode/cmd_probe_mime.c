/*
 * probe mime: a line per part of one file, containers too: path, type,
 * charset, octets and SHA-256 of the decoded part, file name.  Of a
 * container: its content as it stands.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/sign.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "store/mime.h"
#include "store/mtext.h"

enum {
	FILE_MAX = 256 * 1024 * 1024,
	OUT_MAX = 1024 * 1024,
	CHUNK = 64 * 1024	/* octets of a pipe, doubled */
};

struct described {
	char		type[256], charset[64], hash[65];
	const char	*filename, *path;
	size_t		 size;
};

static void
lower(char *dst, size_t size, const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0' && i + 1 < size; i++)
		dst[i] = (char)tolower((unsigned char)s[i]);
	dst[i] = '\0';
}

static void
describe(const struct mime *m, const struct mime_part *p,
    struct described *d)
{
	const char *charset = mime_param(m, p, "charset");
	uint8_t digest[SHA256_OCTETS];
	char type[256];
	struct buf body, hex;

	snprintf(type, sizeof type, "%s/%s", mime_type(m, p),
	    mime_subtype(m, p));
	lower(d->type, sizeof d->type, type);
	lower(d->charset, sizeof d->charset, charset != NULL ? charset : "");
	d->filename = mime_filename(m, p);
	buf_init(&body, FILE_MAX);
	buf_init(&hex, sizeof d->hash);
	(void)mime_decode(m, p, &body);
	sha256_of(body.data, body.len, digest);
	d->size = body.len;
	codec_hex_put(&hex, digest, sizeof digest);
	snprintf(d->hash, sizeof d->hash, "%s", buf_str(&hex));
	buf_clear(&hex);
	buf_clear(&body);
}

static void
put_json(struct buf *b, const struct described *d)
{
	buf_adds(b, "{\"path\":");
	json_string(b, d->path);
	buf_adds(b, ",\"type\":");
	json_string(b, d->type);
	buf_adds(b, ",\"charset\":");
	json_string(b, d->charset);
	buf_addf(b, ",\"size\":%zu,\"sha256\":\"%s\",\"filename\":", d->size,
	    d->hash);
	json_string(b, d->filename != NULL ? d->filename : "");
	buf_adds(b, "}\n");
}

/* Clean, and "-" for what is empty: columns that a shell can read. */
static void
put_word(struct buf *b, const char *s, const char *end)
{
	size_t at = b->len;

	if (s != NULL)
		(void)mtext_line(b, s, strlen(s), 1000);
	if (b->len == at)
		buf_addc(b, '-');
	buf_adds(b, end);
}

static void
put_plain(struct buf *b, const struct described *d)
{
	put_word(b, d->path, " ");
	put_word(b, d->type, " ");
	put_word(b, d->charset, " ");
	buf_addf(b, "%zu %s ", d->size, d->hash);
	put_word(b, d->filename, "\n");
}

/* What is over a limit is described as far as it goes. */
static int
each_part(const struct mime *m, bool json)
{
	struct described d;
	struct buf b, path;
	size_t i;

	buf_init(&b, OUT_MAX);
	buf_init(&path, OUT_MAX);
	for (i = 0; i < m->npart; i++) {
		buf_reset(&b);
		buf_reset(&path);
		mime_path(m, &m->part[i], &path);
		d.path = buf_str(&path);
		describe(m, &m->part[i], &d);
		if (json)
			put_json(&b, &d);
		else
			put_plain(&b, &d);
		fwrite(b.data, 1, b.len, stdout);
	}
	buf_clear(&path);
	buf_clear(&b);
	return 0;
}

/* From a pipe, which has no offsets. */
static uint8_t *
read_pipe(size_t *n)
{
	uint8_t *p = NULL, *q;
	size_t cap = 0, got;

	for (*n = 0; *n < FILE_MAX; *n += got) {
		if (*n == cap) {
			cap = cap > 0 ? cap * 2 : CHUNK;
			q = realloc(p, cap);
			if (q == NULL) {
				free(p);
				return NULL;
			}
			p = q;
		}
		got = fread(p + *n, 1, cap - *n, stdin);
		if (got == 0)
			break;
	}
	return p;
}

static uint8_t *
read_message(const char *path, size_t *n)
{
	bool std = path == NULL || strcmp(path, "-") == 0;
	int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *data = NULL;

	if (std && lseek(fd, 0, SEEK_CUR) == -1)
		data = read_pipe(n);
	else if (fd != -1)
		data = mime_slurp(fd, FILE_MAX, n);
	if (data == NULL)
		(void)cmd_fail(std ? "stdin" : path, strerror(errno));
	if (fd != -1 && !std)
		close(fd);
	return data;
}

/* -r and -t are taken like everywhere, and mean nothing here. */
int
cmd_probe_message(int argc, char **argv, cmd_probe_fn *fn)
{
	struct mime m;
	uint8_t *data;
	bool json = false;
	size_t n;
	int c, rc;

	optind = 1;
	while ((c = cmd_option("probe", argc, argv, "hjr:t:", NULL)) != -1) {
		if (c == '?' || c == 'h')
			return cmd_usage("probe", c == 'h');
		json = json || c == 'j';
	}
	if (argc - optind > 1)
		return cmd_usage("probe", 0);
	data = read_message(argv[optind], &n);
	if (data == NULL)
		return 1;
	if (mime_open(&m, data, n) == -1)
		return cmd_fail("message", dyn_error());
	rc = fn(&m, json);
	mime_close(&m);
	return rc;
}

int
cmd_probe_mime(int argc, char **argv)
{
	return cmd_probe_message(argc, argv, each_part);
}
