#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "crypto/scram.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/clock.h"
#include "mailnode/smtp/sasl_parts.h"

/* A vault process with devices, and sessions of every kind to it. */
enum { NCH = 6, OWNER = NCH, ENDS };

struct world {
	pid_t		 pid;
	int		 ch[ENDS];
	int		 log;		/* what the house was told */
	int		 file;
	struct vault	*v;
	struct secret	*keys;
	struct secret	*phone, *old, *home;
};

/* ---- the house: writes down what it is told ---- */

static bool
house_user(void *arg, const char *user, char device[DEVICE_NAME_MAX])
{
	(void)arg;
	device[0] = '\0';
	if (strcmp(user, "me+home@node.test") == 0)
		memcpy(device, "home", 5);
	return strncmp(user, "me", 2) == 0;
}

static bool
house_from(void *arg, const char *addr, const char *networks)
{
	(void)arg;
	return strstr(networks, addr) != NULL;
}

static struct vault_service *svc;
static bool keeper_knows = true;

static bool
house_login(void *arg, uint32_t session, enum role role, const char *addr,
    const struct device *d, bool waits)
{
	dprintf(*(int *)arg, "login %u %s %s %s %d\n", session,
	    role_name(role), addr, d->name, waits);
	if (waits)
		vault_service_settle(svc, session, keeper_knows);
	return true;
}

static void
house_logout(void *arg, uint32_t session, enum role role,
    const struct device *d)
{
	dprintf(*(int *)arg, "logout %u %s %s\n", session, role_name(role),
	    d->name);
}

static void
house_failed(void *arg, uint32_t session, const char *user,
    const char *device, enum crypto_err why)
{
	dprintf(*(int *)arg, "failed %u %s %s %s\n", session, user, device,
	    crypto_err_text(why));
}

_Noreturn static void
serve(int file, int ends[ENDS], int log)
{
	struct vault_house h = { &log, house_user, house_from, house_login,
	    house_logout, house_failed };
	struct loop *l = loop_new();
	struct op_server srv;
	struct op_peer *p;
	size_t i;

	svc = vault_service_new(file, NULL, NULL);
	vault_service_start(svc, &srv, l, NULL, NULL);
	vault_service_house(svc, &h);
	for (i = 0; i < ENDS; i++) {
		p = op_server_add(&srv, ends[i], i == OWNER ? ROLE_OWNER :
		    i % 2 ? ROLE_IMAP : ROLE_SUBMISSION, (uint32_t)i + 1);
		BUG_ON(p == NULL);
		op_peer_rename(p, "192.0.2.1");
	}
	while (srv.peers != NULL)
		(void)loop_turn(l, -1);
	op_server_clear(&srv);
	vault_service_free(svc);
	loop_free(l);
	_exit(0);
}

/* ---- the world ---- */

static struct secret *
add_device(struct vault *v, const char *name, struct device d)
{
	struct secret *text, *verifier;
	struct buf pub;
	char entry[VAULT_NAME_MAX];

	buf_init(&pub, 1024);
	memset(d.salt, 7, sizeof d.salt);
	device_put(&pub, &d);
	assert_int_equal(device_secret_new(&text), CRYPTO_OK);
	assert_int_equal(device_verifier(text, d.salt, &verifier),
	    CRYPTO_OK);
	snprintf(entry, sizeof entry, "device/%s", name);
	assert_int_equal(vault_put(v, entry, VAULT_DEVICE_ENTRY, verifier,
	    pub.data, pub.len), CRYPTO_OK);
	secret_free(verifier);
	buf_clear(&pub);
	return text;
}

static int
seal(struct vault *v)
{
	char path[] = "/tmp/smtp_sasl.XXXXXX";
	int fd = mkstemp(path);
	struct buf b;

	buf_init(&b, VAULT_FILE_MAX);
	assert_int_equal(vault_seal(v, &b), CRYPTO_OK);
	unlink(path);
	assert_int_equal(write(fd, b.data, b.len), b.len);
	buf_clear(&b);
	return fd;
}

static int
world_make(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	int ends[ENDS], fds[2], i, log[2];

	assert_int_equal(vault_new(&w->v), CRYPTO_OK);
	w->phone = add_device(w->v, "phone", (struct device){
	    .scope = DEVICE_ALL, .undo_s = 20, .folder = "Lists" });
	w->old = add_device(w->v, "old", (struct device){
	    .scope = DEVICE_ALL, .expires = 1000 });
	w->home = add_device(w->v, "home", (struct device){
	    .scope = DEVICE_SEND, .from = "198.51.100.7" });
	assert_int_equal(vault_keys(w->v, &w->keys), CRYPTO_OK);
	w->file = seal(w->v);
	assert_int_equal(pipe(log), 0);
	for (i = 0; i < ENDS; i++) {
		assert_int_equal(chan_pair(fds), 0);
		w->ch[i] = fds[0];
		ends[i] = fds[1];
	}
	w->pid = fork();
	if (w->pid == 0) {
		for (i = 0; i < ENDS; i++)
			close(w->ch[i]);
		serve(w->file, ends, log[1]);
	}
	for (i = 0; i < ENDS; i++)
		close(ends[i]);
	close(log[1]);
	w->log = log[0];
	*state = w;
	return 0;
}

static int
world_end(void **state)
{
	struct world *w = *state;
	int i, status = 0;

	for (i = 0; i < ENDS; i++)
		close(w->ch[i]);
	waitpid(w->pid, &status, 0);
	close(w->log);
	close(w->file);
	vault_free(w->v);
	secret_free(w->keys);
	secret_free(w->phone);
	secret_free(w->old);
	secret_free(w->home);
	free(w);
	keeper_knows = true;
	return status;
}

static void
unlock(struct world *w)
{
	assert_int_equal(vault_unlock(w->ch[OWNER], w->file, w->keys),
	    CRYPTO_OK);
}

/* Waits for a line of the house's log that begins so. */
static void
told(struct world *w, const char *want)
{
	char line[256] = "";
	size_t n = 0;

	while (n + 1 < sizeof line && read(w->log, line + n, 1) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
	assert_memory_equal(line, want, strlen(want));
}

/* ---- PLAIN and LOGIN ---- */

static enum sasl_result
try_plain(struct sasl *s, const char *user, const struct secret *pw)
{
	struct buf in, out;
	enum sasl_result r;

	buf_init(&in, 1024);
	buf_init(&out, 1024);
	buf_addc(&in, 0);
	buf_adds(&in, user);
	buf_addc(&in, 0);
	buf_add(&in, pw->data, pw->len);
	r = sasl_start(s, "plain", in.data, in.len, &out);
	assert_int_equal(out.len, 0);
	buf_clear(&in);
	buf_clear(&out);
	return r;
}

static void
plain_knows_the_device_by_its_secret(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[1], NULL);

	unlock(w);
	assert_null(sasl_device(s));
	assert_int_equal(try_plain(s, "me@node.test", w->phone), SASL_DONE);
	assert_string_equal(sasl_device(s)->name, "phone");
	assert_int_equal(sasl_device(s)->scope, DEVICE_ALL);
	assert_int_equal(sasl_device(s)->undo_s, 20);
	assert_string_equal(sasl_device(s)->folder, "Lists");
	told(w, "login 2 imap 192.0.2.1 phone 1\n");
	/* once is enough for a session */
	assert_int_equal(try_plain(s, "me", w->phone), SASL_TRIES);
	assert_null(sasl_device(s));
	sasl_free(s);
}

static void
three_tries_a_session(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);
	struct secret *bad = secret_copy("123456", 6);

	unlock(w);
	assert_int_equal(try_plain(s, "me", bad), SASL_FAILED);
	told(w, "failed 1 me  the other side");
	assert_int_equal(try_plain(s, "somebody", w->phone), SASL_FAILED);
	told(w, "failed 1 somebody  the other side");
	/* a device of its own name is that one only */
	assert_int_equal(try_plain(s, "me+home@node.test", w->phone),
	    SASL_FAILED);
	assert_int_equal(try_plain(s, "me", w->phone), SASL_TRIES);
	assert_string_equal(sasl_why(s), "too many tries");
	sasl_free(s);
	/* of another session nothing was taken */
	s = sasl_new(&w->ch[2], NULL);
	assert_int_equal(try_plain(s, "me", w->phone), SASL_DONE);
	sasl_free(s);
	secret_free(bad);
}

static void
expired_or_from_elsewhere(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);

	unlock(w);
	assert_int_equal(try_plain(s, "me", w->old), SASL_FAILED);
	assert_non_null(strstr(sasl_why(s), "expired"));
	told(w, "failed 1 me old ");
	assert_int_equal(try_plain(s, "me", w->home), SASL_FAILED);
	assert_non_null(strstr(sasl_why(s), "from there"));
	told(w, "failed 1 me home ");
	sasl_free(s);
}

static void
a_locked_vault_is_no_failure(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);
	int i;

	for (i = 0; i < 5; i++)
		assert_int_equal(try_plain(s, "me", w->phone),
		    SASL_UNAVAILABLE);
	unlock(w);
	assert_int_equal(try_plain(s, "me", w->phone), SASL_DONE);
	sasl_free(s);
}

static void
no_vault_is_no_failure(void **state)
{
	struct secret *pw = secret_copy("x", 1);
	int gone = -1;
	struct sasl *s = sasl_new(&gone, NULL);

	(void)state;
	assert_int_equal(try_plain(s, "me", pw), SASL_UNAVAILABLE);
	sasl_free(s);
	secret_free(pw);
}

static void
login_asks_twice(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[1], NULL);
	struct buf out;

	unlock(w);
	buf_init(&out, 1024);
	assert_int_equal(sasl_start(s, "LOGIN", NULL, 0, &out), SASL_MORE);
	assert_string_equal(buf_str(&out), "Username:");
	buf_reset(&out);
	assert_int_equal(sasl_step(s, "me", 2, &out), SASL_MORE);
	assert_string_equal(buf_str(&out), "Password:");
	assert_int_equal(sasl_step(s, w->phone->data, w->phone->len, &out),
	    SASL_DONE);
	assert_int_equal(sasl_step(s, "", 0, &out), SASL_BAD);
	buf_clear(&out);
	sasl_free(s);
}

static void
malformed(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);
	static const struct {
		const char	*mech, *text;
		size_t		 n;
		enum sasl_result want;
	} cases[] = {
		{ "PLAIN", "", 0, SASL_BAD },
		{ "PLAIN", "me", 2, SASL_BAD },
		{ "PLAIN", "\0me", 3, SASL_BAD },
		{ "PLAIN", "\0me\0", 4, SASL_BAD },
		{ "PLAIN", "\0\0x", 3, SASL_BAD },
		{ "PLAIN", "\0me\0x\0", 6, SASL_BAD },
		{ "PLAIN", "\0m\n\0x", 5, SASL_BAD },
		{ "PLAIN", "\0m\xff\0x", 5, SASL_BAD },
		{ "PLAIN", "you\0me\0x", 8, SASL_FAILED },
		{ "LOGIN", "", 0, SASL_BAD },
		{ "CRAM-MD5", "x", 1, SASL_UNKNOWN },
		{ "", "x", 1, SASL_UNKNOWN },
		{ "SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=me,r=x", 24,
		    SASL_UNKNOWN },
		{ "SCRAM-SHA-256", "n,,n=me", 7, SASL_BAD },
		{ "SCRAM-SHA-256", "n,,r=x,n=me", 11, SASL_BAD },
		{ "SCRAM-SHA-256", "n,,n=me,r=", 10, SASL_BAD },
		{ "SCRAM-SHA-256", "n,,m=x,n=me,r=x", 15, SASL_BAD },
		{ "SCRAM-SHA-256", "n,n=me,r=x", 10, SASL_BAD },
		{ "SCRAM-SHA-256", "z,,n=me,r=x", 11, SASL_BAD },
		{ "SCRAM-SHA-256", "n,,n=m=4e,r=x", 13, SASL_BAD },
		{ "SCRAM-SHA-256", "n,,n=,r=x", 9, SASL_BAD },
		{ "SCRAM-SHA-256", "n,a=you,n=me,r=x", 16, SASL_FAILED },
		{ "SCRAM-SHA-256", "p=tls-exporter,,n=me,r=x", 24,
		    SASL_FAILED },
	};
	struct buf out;
	size_t i;

	unlock(w);
	buf_init(&out, 1024);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (sasl_start(s, cases[i].mech, cases[i].text, cases[i].n,
		    &out) != cases[i].want)
			fail_msg("case %zu: %s %s", i, cases[i].mech,
			    cases[i].text);
		assert_int_equal(out.len, 0);
		assert_int_equal(sasl_step(s, "x", 1, &out), SASL_BAD);
	}
	/* none of them reached the vault */
	assert_int_equal(try_plain(s, "me", w->phone), SASL_DONE);
	buf_clear(&out);
	sasl_free(s);
}

/* ---- SCRAM, against our own client ---- */

struct dialogue {
	enum scram_flag	 flag;
	const char	*user;
	const struct secret *pw;
	const uint8_t	*bound;
	const char	*mech;
	void		(*twist)(struct buf *final);
};

static enum sasl_result
talk(struct sasl *s, const struct dialogue *d)
{
	struct scram *c = scram_new(d->user, d->flag, d->bound, TLS_BINDING,
	    NULL);
	struct buf a, b;
	enum sasl_result r;

	buf_init(&a, SCRAM_MESSAGE_MAX);
	buf_init(&b, SCRAM_MESSAGE_MAX);
	assert_int_equal(scram_first(c, &a), CRYPTO_OK);
	r = sasl_start(s, d->mech, a.data, a.len, &b);
	if (r != SASL_MORE)
		goto out;
	buf_reset(&a);
	assert_int_equal(scram_final(c, d->pw, b.data, b.len, &a),
	    CRYPTO_OK);
	if (d->twist != NULL)
		d->twist(&a);
	buf_reset(&b);
	r = sasl_step(s, a.data, a.len, &b);
	if (r != SASL_MORE)
		goto out;
	assert_null(sasl_device(s));
	assert_int_equal(scram_verify(c, b.data, b.len), CRYPTO_OK);
	r = sasl_step(s, "", 0, &b);
out:
	buf_clear(&a);
	buf_clear(&b);
	scram_free(c);
	return r;
}

static void
scram_proves_both_sides(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);
	struct dialogue d = { SCRAM_N, "me@node.test", w->phone, NULL,
	    "scram-sha-256", NULL };

	unlock(w);
	assert_string_equal(sasl_mechs(s), "SCRAM-SHA-256 PLAIN LOGIN");
	assert_int_equal(talk(s, &d), SASL_DONE);
	assert_string_equal(sasl_device(s)->name, "phone");
	told(w, "login 1 submission 192.0.2.1 phone 1\n");
	sasl_free(s);
	/* y: the client binds, and we did not offer it */
	s = sasl_new(&w->ch[2], NULL);
	d.flag = SCRAM_Y;
	assert_int_equal(talk(s, &d), SASL_DONE);
	sasl_free(s);
}

static void
scram_fails_late_and_the_same_for_all(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);
	struct secret *bad = secret_copy("pencil", 6);
	struct dialogue d = { SCRAM_N, "me", bad, NULL, "SCRAM-SHA-256",
	    NULL };

	unlock(w);
	assert_int_equal(talk(s, &d), SASL_FAILED);
	d.user = "nobody";
	assert_int_equal(talk(s, &d), SASL_FAILED);
	/* the right secret under a wrong name */
	d.pw = w->phone;
	assert_int_equal(talk(s, &d), SASL_FAILED);
	told(w, "failed 1 me  ");
	told(w, "failed 1 nobody  ");
	told(w, "failed 1 nobody  ");
	d.user = "me";
	assert_int_equal(talk(s, &d), SASL_TRIES);
	sasl_free(s);
	secret_free(bad);
}

static void
plus_binds_to_the_connection(void **state)
{
	struct world *w = *state;
	struct sasl_binding b = { .end_point = -1 };
	uint8_t other[TLS_BINDING] = { 9 };
	struct dialogue d = { SCRAM_P, "me", w->phone, b.exported,
	    "SCRAM-SHA-256-PLUS", NULL };
	struct sasl *s;

	unlock(w);
	memset(b.exported, 5, sizeof b.exported);
	s = sasl_new(&w->ch[0], &b);
	assert_string_equal(sasl_mechs(s),
	    "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN");
	d.bound = other;
	assert_int_equal(talk(s, &d), SASL_FAILED);
	assert_non_null(strstr(sasl_why(s), "another connection"));
	/* not bound in the bound mechanism; bound in the other */
	d.flag = SCRAM_N;
	assert_int_equal(talk(s, &d), SASL_FAILED);
	d.mech = "SCRAM-SHA-256";
	d.flag = SCRAM_P;
	assert_int_equal(talk(s, &d), SASL_FAILED);
	/* y although it was offered: somebody took the offer away */
	d.flag = SCRAM_Y;
	assert_int_equal(talk(s, &d), SASL_FAILED);
	assert_non_null(strstr(sasl_why(s), "stands between"));
	d.flag = SCRAM_P;
	d.mech = "SCRAM-SHA-256-PLUS";
	d.bound = b.exported;
	assert_int_equal(talk(s, &d), SASL_DONE);
	sasl_free(s);
}

static void
twist_proof(struct buf *b)
{
	b->data[b->len - 3] = b->data[b->len - 3] == 'A' ? 'B' : 'A';
}

static void
twist_nonce(struct buf *b)
{
	b->data[9] = b->data[9] == 'A' ? 'B' : 'A';
}

static void
twist_cut(struct buf *b)
{
	b->len -= 4;
}

static void
twisted(void **state)
{
	struct world *w = *state;
	struct dialogue d = { SCRAM_N, "me", w->phone, NULL,
	    "SCRAM-SHA-256", twist_proof };
	struct sasl *s = sasl_new(&w->ch[0], NULL);

	unlock(w);
	assert_int_equal(talk(s, &d), SASL_FAILED);
	d.twist = twist_nonce;
	assert_int_equal(talk(s, &d), SASL_FAILED);
	d.twist = twist_cut;
	assert_int_equal(talk(s, &d), SASL_BAD);
	sasl_free(s);
}

/* What was proven once is nothing the next time: the nonce is another. */
static void
no_proof_is_good_twice(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[0], NULL);
	struct scram *c = scram_new("me", SCRAM_N, NULL, 0, "abc");
	struct buf first, final, out;

	unlock(w);
	buf_init(&first, 1024);
	buf_init(&final, 1024);
	buf_init(&out, 1024);
	(void)scram_first(c, &first);
	assert_int_equal(sasl_start(s, "SCRAM-SHA-256", first.data,
	    first.len, &out), SASL_MORE);
	assert_int_equal(scram_final(c, w->phone, out.data, out.len,
	    &final), CRYPTO_OK);
	buf_reset(&out);
	assert_int_equal(sasl_start(s, "SCRAM-SHA-256", first.data,
	    first.len, &out), SASL_MORE);
	assert_int_equal(sasl_step(s, final.data, final.len, &out),
	    SASL_FAILED);
	buf_clear(&first);
	buf_clear(&final);
	buf_clear(&out);
	scram_free(c);
	sasl_free(s);
}

/* ---- what comes after ---- */

static void
revoked_devices_are_logged_out(void **state)
{
	struct world *w = *state;
	struct sasl *s = sasl_new(&w->ch[1], NULL);
	int fd;

	unlock(w);
	assert_int_equal(try_plain(s, "me", w->phone), SASL_DONE);
	told(w, "login 2 imap 192.0.2.1 phone 1\n");
	assert_int_equal(vault_rm(w->v, "device/home"), CRYPTO_OK);
	fd = seal(w->v);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_OK);
	close(fd);
	assert_int_equal(vault_rm(w->v, "device/phone"), CRYPTO_OK);
	fd = seal(w->v);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_OK);
	close(fd);
	told(w, "logout 2 imap phone\n");
	sasl_free(s);
}

/* A session does not outlive its device's last day; role_vault looks every
 * few seconds, here a lock does. */
static void
expired_devices_are_logged_out(void **state)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000000L };
	struct world *w = *state;
	int64_t end = clock_wall_s() + 4;
	struct secret *soon;
	struct sasl *s;

	soon = add_device(w->v, "soon", (struct device){
	    .scope = DEVICE_ALL, .expires = end });
	close(w->file);
	w->file = seal(w->v);
	s = sasl_new(&w->ch[1], NULL);
	unlock(w);
	assert_int_equal(try_plain(s, "me", soon), SASL_DONE);
	told(w, "login 2 imap 192.0.2.1 soon 1\n");
	while (clock_wall_s() < end)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(vault_lock(w->ch[OWNER]), CRYPTO_OK);
	told(w, "logout 2 imap soon\n");
	sasl_free(s);
	secret_free(soon);
}

/* Of the vault's CPU, whoever else has the machine. */
static double
seconds(const struct world *w, struct sasl *s, const char *user,
    const struct secret *pw)
{
	struct timespec a, b;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(w->pid, &clock), 0);
	clock_gettime(clock, &a);
	assert_int_equal(try_plain(s, user, pw), SASL_FAILED);
	clock_gettime(clock, &b);
	return (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* A guess that is no secret of ours costs no derivation; one that could be
 * costs one, whoever it is for. */
static void
unknown_names_take_as_long(void **state)
{
	struct world *w = *state;
	struct secret *guess, *junk = secret_copy("hunter2", 7);
	double known = 1, unknown = 1, cheap = 1, t;
	struct sasl *s;
	int i;

	unlock(w);
	assert_int_equal(device_secret_new(&guess), CRYPTO_OK);
	for (i = 0; i < NCH; i++) {
		s = sasl_new(&w->ch[i], NULL);
		t = seconds(w, s, "me", guess);
		known = t < known ? t : known;
		t = seconds(w, s, "root", guess);
		unknown = t < unknown ? t : unknown;
		t = seconds(w, s, "me", junk);
		cheap = t < cheap ? t : cheap;
		sasl_free(s);
	}
	assert_true(unknown > known / 2 && unknown < known * 2);
	assert_true(cheap < known);
	secret_free(guess);
	secret_free(junk);
}

#define IN_WORLD(t) cmocka_unit_test_setup_teardown(t, world_make, world_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(plain_knows_the_device_by_its_secret),
		IN_WORLD(three_tries_a_session),
		IN_WORLD(expired_or_from_elsewhere),
		IN_WORLD(a_locked_vault_is_no_failure),
		cmocka_unit_test(no_vault_is_no_failure),
		IN_WORLD(login_asks_twice),
		IN_WORLD(malformed),
		IN_WORLD(scram_proves_both_sides),
		IN_WORLD(scram_fails_late_and_the_same_for_all),
		IN_WORLD(plus_binds_to_the_connection),
		IN_WORLD(twisted),
		IN_WORLD(no_proof_is_good_twice),
		IN_WORLD(revoked_devices_are_logged_out),
		IN_WORLD(expired_devices_are_logged_out),
		IN_WORLD(unknown_names_take_as_long),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
