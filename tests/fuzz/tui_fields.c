/* The client's parsers of fields: leaving a list, what gpg says, letters to
 * be signed, times. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/codec.h"
#include "tui/pgp.h"
#include "tui/unsub.h"
#include "tui/when.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { FIELDS = 16 };

static void
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			abort();
}

/* A field a line, its name chosen by the first octet. */
static void
leaving(char *s)
{
	static const char *const names[] = { "List-Unsubscribe",
	    "List-Unsubscribe-Post", "DKIM-Signature",
	    "Authentication-Results", "From" };
	struct parse_header h[FIELDS];
	struct parse_show show;
	struct unsub u;
	char *line;

	memset(&show, 0, sizeof show);
	show.header = h;
	while (show.nheader < FIELDS && (line = strsep(&s, "\n")) != NULL) {
		if (line[0] == '\0')
			continue;
		h[show.nheader++] = (struct parse_header){
		    names[(unsigned char)line[0] % 5], line + 1 };
	}
	unsub_find(&u, &show, "mail.example.org");
	plain(u.url);
	plain(u.addr);
	plain(u.subject);
	if (u.kind == UNSUB_POST && strncasecmp(u.url, "https://", 8) != 0)
		abort();
	if (u.kind == UNSUB_NONE && u.why == NULL)
		abort();
}

static void
signing(const uint8_t *data, size_t size)
{
	struct buf msg, outer, entity;

	buf_init(&msg, size + 1);
	buf_init(&outer, 4 * size + 1000);
	buf_init(&entity, 4 * size + 1000);
	if (buf_add(&msg, data, size) == 0)
		(void)pgp_split(&msg, &outer, &entity);
	buf_clear(&msg);
	buf_clear(&outer);
	buf_clear(&entity);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pgp_seen seen;
	char *s = malloc(size + 1);
	int64_t at;

	if (s == NULL)
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	signing(data, size);
	(void)when_read(s, 1700000000, &at);
	memset(&seen, 0, sizeof seen);
	pgp_status(s, "Ada <ada@friend.test>", &seen);
	if (strlen(seen.text) >= sizeof seen.text)
		abort();
	memset(&seen, 0, sizeof seen);
	seen.encrypted = true;
	pgp_status(s, "", &seen);
	if (codec_utf8_ok(s, strlen(s)))
		leaving(s);
	free(s);
	return 0;
}
