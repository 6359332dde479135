/* What gpg says of a message that is read. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tui/addr.h"
#include "tui/pgp.h"
#include "tui/pgp_run.h"

/* "KEYID Ada <ada@x>" */
static void
say_signature(struct pgp_seen *seen, enum pgp_verdict verdict,
    const char *what, const char *line)
{
	size_t id = strcspn(line, " \n"), n = strlen(seen->text);

	seen->verdict = verdict;
	(void)snprintf(seen->text + n, sizeof seen->text - n, "%s%s, key %.*s"
	    " %.*s", n > 0 ? "; " : "", what, (int)(id < 40 ? id : 40), line,
	    (int)strcspn(line + id, "\n") - (line[id] == ' '),
	    line + id + (line[id] == ' '));
}

/* Is the address in From one of the user id in the line? */
static bool
from_key(const char *line, const char *from)
{
	struct addrs a = { NULL, 0 };
	char id[1000];
	const char *lt, *gt;
	bool same = false;

	(void)snprintf(id, sizeof id, "%.*s", (int)strcspn(line, "\n"), line);
	lt = strrchr(id, '<');
	gt = lt != NULL ? strchr(lt, '>') : NULL;
	(void)addrs_read(&a, from, NULL);
	if (gt != NULL && a.n == 1) {
		id[gt - id] = '\0';
		same = addr_equal(lt + 1, a.a[0].addr);
	}
	addrs_clear(&a);
	return same;
}

void
pgp_status(const char *lines, const char *from, struct pgp_seen *seen)
{
	const char *p;

	if ((p = pgp_status_line(lines, "BADSIG")) != NULL) {
		say_signature(seen, PGP_BAD, "BAD signature", p);
	} else if ((p = pgp_status_line(lines, "REVKEYSIG")) != NULL) {
		say_signature(seen, PGP_BAD, "signed by a revoked key", p);
	} else if ((p = pgp_status_line(lines, "EXPKEYSIG")) != NULL ||
	    (p = pgp_status_line(lines, "EXPSIG")) != NULL) {
		say_signature(seen, PGP_DOUBT, "expired signature", p);
	} else if ((p = pgp_status_line(lines, "GOODSIG")) != NULL) {
		if (!from_key(p, from))
			say_signature(seen, PGP_DOUBT, "signed, but NOT by "
			    "who is in From", p);
		else if (pgp_status_line(lines, "TRUST_FULLY") != NULL ||
		    pgp_status_line(lines, "TRUST_ULTIMATE") != NULL)
			say_signature(seen, PGP_GOOD, "good signature", p);
		else
			say_signature(seen, PGP_DOUBT, "good signature of a "
			    "key that is not certified", p);
	} else if ((p = pgp_status_line(lines, "NO_PUBKEY")) != NULL) {
		say_signature(seen, PGP_DOUBT, "signed by an unknown key", p);
	} else if (seen->encrypted) {
		say_signature(seen, seen->verdict, "not signed", "none");
		seen->text[strlen(seen->text) - strlen(", key none ")] = '\0';
	} else {
		seen->verdict = PGP_BAD;
		(void)snprintf(seen->text, sizeof seen->text,
		    "no signature that can be checked");
	}
}

void
pgp_verify(struct tui *t, int fd, int sig, const char *from,
    struct pgp_seen *seen)
{
	static const char *const args[] = { "--enable-special-filenames",
	    "--verify", "--", "-&3", "-", NULL };
	int in[2] = { -1, sig };
	struct buf raw, text, said;

	memset(seen, 0, sizeof *seen);
	buf_init(&raw, PGP_MESSAGE_MAX);
	buf_init(&text, PGP_MESSAGE_MAX);
	buf_init(&said, PGP_SAID_MAX);
	/* As on the wire, whatever the file has. */
	if (pgp_slurp(fd, &raw))
		pgp_put_crlf(&text, &raw);
	in[0] = text.err == 0 ? pgp_memory(&text) : -1;
	if (in[0] != -1)
		(void)pgp_run(t, args, in, NULL, &said);
	pgp_status(said.len > 0 ? (char *)said.data : "", from, seen);
	if (in[0] != -1)
		close(in[0]);
	buf_clear(&raw);
	buf_clear(&text);
	buf_clear(&said);
}

int
pgp_decrypt(struct tui *t, int fd, const char *from, struct pgp_seen *seen)
{
	static const char *const args[] = { "--decrypt", NULL };
	int in[2] = { fd, -1 }, out = -1;
	struct buf plain, said, why;

	memset(seen, 0, sizeof *seen);
	seen->encrypted = true;
	buf_init(&plain, PGP_MESSAGE_MAX);
	buf_init(&said, PGP_SAID_MAX);
	buf_init(&why, 300);
	(void)pgp_run(t, args, in, &plain, &said);
	if (said.len > 0 && strstr((char *)said.data,
	    "\n[GNUPG:] DECRYPTION_OKAY\n") != NULL && plain.len > 0)
		out = pgp_memory(&plain);
	if (out != -1) {
		(void)snprintf(seen->text, sizeof seen->text, "decrypted");
		pgp_status((char *)said.data, from, seen);
	} else {
		pgp_complaint(&why, said.len > 0 ? (char *)said.data : "");
		seen->verdict = PGP_BAD;
		(void)snprintf(seen->text, sizeof seen->text,
		    "not decrypted: %s", buf_str(&why));
	}
	buf_clear(&plain);
	buf_clear(&said);
	buf_clear(&why);
	return out;
}
