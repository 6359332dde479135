#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "crypto/vault.h"
#include "mailnode/base/bug.h"
#include "mailnode/base/codec.h"

/* A vault process, with channels of any roles to it. */
static const enum role roles[] = { ROLE_SMTP, ROLE_RELAY, ROLE_RELAY,
    ROLE_OWNER, ROLE_KEEPER, ROLE_SMTP };
enum { SMTP, RELAY, RELAY2, OWNER, KEEPER, SMTP2, NCH };

struct world {
	pid_t		 pid;
	int		 ch[NCH];
	int		 file;		/* of the vault, as a command has it */
	struct vault	*v;		/* the same, open */
	struct secret	*keys;
};

static int
file_of(const struct buf *b)
{
	char path[] = "/tmp/crypto_op.XXXXXX";
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	unlink(path);
	assert_int_equal(write(fd, b->data, b->len), b->len);
	return fd;
}

static int
seal(struct vault *v)
{
	struct buf b;
	int fd;

	buf_init(&b, VAULT_FILE_MAX);
	assert_int_equal(vault_seal(v, &b), CRYPTO_OK);
	fd = file_of(&b);
	buf_clear(&b);
	return fd;
}

_Noreturn static void
serve(int file, const struct secret *machine, int ends[NCH])
{
	struct loop *l = loop_new();
	struct vault_service *s = vault_service_new(file, machine, NULL);
	struct op_server srv;
	size_t i;

	vault_service_start(s, &srv, l, NULL, NULL);
	for (i = 0; i < NCH; i++)
		BUG_ON(op_server_add(&srv, ends[i], roles[i],
		    (uint32_t)i + 1) == NULL);
	while (srv.peers != NULL)
		(void)loop_turn(l, -1);
	op_server_clear(&srv);
	vault_service_free(s);
	loop_free(l);
	_exit(0);
}

static void
put_login(struct vault *v, const char *name, const char *password)
{
	struct secret *s = secret_copy(password, strlen(password));

	assert_int_equal(vault_put(v, name, VAULT_LOGIN_ENTRY, s, "user", 4),
	    CRYPTO_OK);
	secret_free(s);
}

static int
world_make(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct secret *machine;
	int ends[NCH], fds[2], i;

	assert_int_equal(vault_new(&w->v), CRYPTO_OK);
	assert_int_equal(vault_machine_new(w->v, &machine), CRYPTO_OK);
	assert_int_equal(vault_put_new(w->v, "tls/key", SIGN_P256),
	    CRYPTO_OK);
	assert_int_equal(vault_put_new(w->v, "dkim/r", SIGN_RSA), CRYPTO_OK);
	assert_int_equal(vault_put_new(w->v, "dkim/e", SIGN_ED25519),
	    CRYPTO_OK);
	put_login(w->v, "relay/a", "pencil");
	put_login(w->v, "relay/b", "other");
	assert_int_equal(vault_keys(w->v, &w->keys), CRYPTO_OK);
	w->file = seal(w->v);
	for (i = 0; i < NCH; i++) {
		assert_int_equal(chan_pair(fds), 0);
		w->ch[i] = fds[0];
		ends[i] = fds[1];
	}
	w->pid = fork();
	if (w->pid == 0) {
		for (i = 0; i < NCH; i++)
			close(w->ch[i]);
		serve(w->file, machine, ends);
	}
	for (i = 0; i < NCH; i++)
		close(ends[i]);
	secret_free(machine);
	*state = w;
	return 0;
}

static int
world_end(void **state)
{
	struct world *w = *state;
	int i, status = 0;

	for (i = 0; i < NCH; i++)
		close(w->ch[i]);
	waitpid(w->pid, &status, 0);
	close(w->file);
	vault_free(w->v);
	secret_free(w->keys);
	free(w);
	return status;
}

static void
unlock(struct world *w)
{
	assert_int_equal(vault_unlock(w->ch[OWNER], w->file, w->keys),
	    CRYPTO_OK);
}

static void
locked_serves_tls_and_nothing_else(void **state)
{
	struct world *w = *state;
	struct vault_state st;
	struct vault_dkim k[2] = { { "r", SIGN_RSA } };
	uint8_t digest[SHA256_OCTETS] = { 1 };
	struct secret *s;
	struct sign_key *key;
	struct buf b;
	size_t n;

	buf_init(&b, 4096);
	assert_int_equal(vault_status(w->ch[OWNER], &st), CRYPTO_OK);
	assert_true(st.exists);
	assert_true(st.boot);
	assert_false(st.owner);
	assert_int_equal(st.entries, 5);
	assert_int_equal(vault_tls_sign(&w->ch[SMTP], TLS_SIGN_ECDSA, digest,
	    sizeof digest, &b), CRYPTO_OK);
	assert_int_equal(vault_get(w->v, "tls/key", &s), CRYPTO_OK);
	assert_int_equal(sign_private(SIGN_P256, s, &key), CRYPTO_OK);
	assert_int_equal(sign_verify(key, digest, b.data, b.len), CRYPTO_OK);
	sign_key_free(key);
	secret_free(s);
	assert_int_equal(vault_dkim_keys(w->ch[RELAY], k, 2, &n),
	    CRYPTO_LOCKED);
	assert_int_equal(vault_dkim_sign(w->ch[RELAY], k, digest, &b),
	    CRYPTO_LOCKED);
	assert_int_equal(vault_route(w->ch[RELAY], "relay/a"), CRYPTO_OK);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_PLAIN, NULL, &b),
	    CRYPTO_LOCKED);
	assert_int_equal(vault_keygen(w->ch[OWNER], w->file, "dkim/n",
	    SIGN_ED25519, &b), CRYPTO_LOCKED);
	buf_clear(&b);
}

static void
one_signature_a_session(void **state)
{
	struct world *w = *state;
	uint8_t digest[SHA256_OCTETS] = { 1 };
	struct buf b;

	buf_init(&b, 4096);
	/* what TLS would not ask for does not use it up */
	assert_int_equal(vault_tls_sign(&w->ch[SMTP], TLS_SIGN_RSA_RAW,
	    digest, 32, &b), CRYPTO_KEY);
	assert_int_equal(vault_tls_sign(&w->ch[SMTP], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_OK);
	assert_int_equal(vault_tls_sign(&w->ch[SMTP], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_STATE);
	assert_int_equal(vault_tls_sign(&w->ch[SMTP2], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_OK);
	assert_int_equal(vault_tls_sign(&w->ch[OWNER], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_OK);
	assert_int_equal(vault_tls_sign(&w->ch[OWNER], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_OK);
	buf_clear(&b);
}

/* The key is as old as the vault: whoever opens it finds the same. */
static void
senders_are_rewritten_while_it_is_open(void **state)
{
	struct world *w = *state;
	char there[SRS_ADDR_MAX], back[SRS_ADDR_MAX];
	int i;

	assert_int_equal(vault_srs_forward(w->ch[RELAY], "a@x.test",
	    "our.test", there), CRYPTO_LOCKED);
	assert_string_equal(there, "");
	assert_int_equal(vault_srs_reverse(w->ch[SMTP], "SRS0=a=b=c=d@e",
	    back), CRYPTO_LOCKED);
	unlock(w);
	assert_int_equal(vault_srs_forward(w->ch[RELAY], "a@x.test",
	    "our.test", there), CRYPTO_OK);
	assert_int_equal(vault_srs_reverse(w->ch[RELAY], there, back),
	    CRYPTO_OK);
	assert_string_equal(back, "a@x.test");
	assert_int_equal(vault_srs_reverse(w->ch[SMTP], there, back),
	    CRYPTO_OK);
	assert_string_equal(back, "a@x.test");
	assert_int_equal(vault_lock(w->ch[OWNER]), CRYPTO_OK);
	assert_int_equal(vault_srs_reverse(w->ch[SMTP], there, back),
	    CRYPTO_LOCKED);
	assert_string_equal(back, "");
	unlock(w);
	there[5] ^= 1;
	for (i = 3; i < 50; i++)	/* a stranger may not guess for ever */
		assert_int_equal(vault_srs_reverse(w->ch[SMTP], there, back),
		    CRYPTO_PEER);
	assert_int_equal(vault_srs_reverse(w->ch[SMTP], there, back),
	    CRYPTO_TRIES);
	assert_int_equal(vault_srs_forward(w->ch[SMTP2], "a@x.test",
	    "our.test", there), CRYPTO_DENIED);
	assert_int_equal(vault_route(w->ch[RELAY], NULL), CRYPTO_OK);
	assert_int_equal(vault_srs_forward(w->ch[RELAY], "a@x.test",
	    "our.test", there), CRYPTO_STATE);
}

/* Who asks for what its role may not loses the channel, and only that. */
static void
roles_are_held_to_their_masks(void **state)
{
	struct world *w = *state;
	uint8_t digest[SHA256_OCTETS] = { 1 };
	struct vault_dkim k = { "r", SIGN_RSA };
	struct vault_state st;
	struct buf b;
	bool done;

	buf_init(&b, 4096);
	unlock(w);
	assert_int_equal(vault_dkim_sign(w->ch[SMTP], &k, digest, &b),
	    CRYPTO_DENIED);
	assert_int_equal(vault_tls_sign(&w->ch[SMTP], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_GONE);
	assert_int_equal(vault_login(w->ch[SMTP2], VAULT_PLAIN, NULL, &b),
	    CRYPTO_DENIED);
	assert_int_equal(vault_tls_sign(&w->ch[RELAY], TLS_SIGN_ECDSA, digest,
	    32, &b), CRYPTO_DENIED);
	assert_int_equal(vault_unlock(w->ch[RELAY2], w->file, w->keys),
	    CRYPTO_DENIED);
	assert_int_equal(vault_status(w->ch[KEEPER], &st), CRYPTO_DENIED);
	assert_int_equal(vault_status(w->ch[KEEPER], &st), CRYPTO_GONE);
	assert_int_equal(vault_status(w->ch[OWNER], &st), CRYPTO_OK);
	/* and the owner cannot log in for the relay */
	assert_int_equal(vault_login_step(w->ch[OWNER], "", 0, &b, &done),
	    CRYPTO_DENIED);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
}

static void
relay_signs_then_logs_in_where_it_said(void **state)
{
	struct world *w = *state;
	struct vault_dkim k[4], none = { "none", SIGN_RSA };
	uint8_t digest[SHA256_OCTETS] = { 1 };
	const struct vault_entry *e;
	struct sign_key *pub;
	struct buf b;
	size_t n, i;
	bool done;

	buf_init(&b, 4096);
	unlock(w);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_PLAIN, NULL, &b),
	    CRYPTO_STATE);
	assert_int_equal(vault_dkim_keys(w->ch[RELAY], k, 4, &n), CRYPTO_OK);
	assert_int_equal(n, 2);
	assert_string_equal(k[0].selector, "r");
	assert_int_equal(k[0].alg, SIGN_RSA);
	assert_string_equal(k[1].selector, "e");
	for (i = 0; i < n; i++) {
		buf_reset(&b);
		assert_int_equal(vault_dkim_sign(w->ch[RELAY], &k[i], digest,
		    &b), CRYPTO_OK);
		e = vault_find(w->v, i == 0 ? "dkim/r" : "dkim/e");
		assert_int_equal(sign_public(k[i].alg, e->pub, e->pub_len,
		    &pub), CRYPTO_OK);
		assert_int_equal(sign_verify(pub, digest, b.data, b.len),
		    CRYPTO_OK);
		sign_key_free(pub);
	}
	assert_int_equal(vault_dkim_sign(w->ch[RELAY], &none, digest, &b),
	    CRYPTO_ABSENT);
	assert_int_equal(vault_route(w->ch[RELAY], "tls/key"), CRYPTO_NAME);
	assert_int_equal(vault_route(w->ch[RELAY], "relay/a"), CRYPTO_OK);
	/* no way back, to keys or to another entry */
	assert_int_equal(vault_route(w->ch[RELAY], "relay/b"), CRYPTO_STATE);
	assert_int_equal(vault_dkim_sign(w->ch[RELAY], &k[0], digest, &b),
	    CRYPTO_STATE);
	assert_int_equal(vault_dkim_keys(w->ch[RELAY], k, 4, &n),
	    CRYPTO_STATE);
	buf_reset(&b);
	assert_int_equal(vault_login_step(w->ch[RELAY], "", 0, &b, &done),
	    CRYPTO_STATE);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_PLAIN, NULL, &b),
	    CRYPTO_OK);
	assert_int_equal(b.len, 12);
	assert_memory_equal(b.data, "\0user\0pencil", 12);
	assert_int_equal(vault_login_step(w->ch[RELAY], "", 0, &b, &done),
	    CRYPTO_STATE);
	buf_reset(&b);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_LOGIN, NULL, &b),
	    CRYPTO_OK);
	assert_int_equal(b.len, 0);
	assert_int_equal(vault_login_step(w->ch[RELAY], "Username:", 9, &b,
	    &done), CRYPTO_OK);
	assert_false(done);
	assert_string_equal(buf_str(&b), "user");
	buf_reset(&b);
	assert_int_equal(vault_login_step(w->ch[RELAY], "Password:", 9, &b,
	    &done), CRYPTO_OK);
	assert_true(done);
	assert_string_equal(buf_str(&b), "pencil");
	assert_int_equal(vault_login_step(w->ch[RELAY], "More:", 5, &b,
	    &done), CRYPTO_STATE);
	/* without an entry there is no login at all; a missing one neither */
	assert_int_equal(vault_route(w->ch[RELAY2], NULL), CRYPTO_OK);
	assert_int_equal(vault_login(w->ch[RELAY2], VAULT_PLAIN, NULL, &b),
	    CRYPTO_STATE);
	buf_clear(&b);
}

static void
scram_runs_inside(void **state)
{
	struct world *w = *state;
	uint8_t binding[TLS_BINDING] = { 7 };
	struct buf b, c;
	bool done = true;

	buf_init(&b, 4096);
	buf_init(&c, 4096);
	unlock(w);
	assert_int_equal(vault_route(w->ch[RELAY], "relay/a"), CRYPTO_OK);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_SCRAM_PLUS, NULL,
	    &b), crypto_err_status(OP_BAD));
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_SCRAM, binding, &b),
	    CRYPTO_OK);
	assert_memory_equal(b.data, "y,,n=user,r=", 12);
	buf_reset(&b);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_SCRAM, NULL, &b),
	    CRYPTO_OK);
	assert_memory_equal(b.data, "n,,n=user,r=", 12);
	buf_reset(&b);
	assert_int_equal(vault_login(w->ch[RELAY], VAULT_SCRAM_PLUS, binding,
	    &b), CRYPTO_OK);
	assert_memory_equal(b.data, "p=tls-exporter,,n=user,r=", 25);
	buf_adds(&c, "r=");
	buf_add(&c, b.data + 25, b.len - 25);
	buf_adds(&c, "server,s=QSXCR+Q6sek8bf92,i=4096");
	buf_reset(&b);
	assert_int_equal(vault_login_step(w->ch[RELAY], c.data, c.len, &b,
	    &done), CRYPTO_OK);
	assert_false(done);
	assert_memory_equal(b.data, "c=cD10bHMtZXhwb3J0ZXIsL", 23);
	/* a server that does not know the password */
	assert_int_equal(vault_login_step(w->ch[RELAY], "v=AAAA", 6, &b,
	    &done), CRYPTO_PEER);
	assert_false(done);
	assert_int_equal(vault_login_step(w->ch[RELAY], "v=AAAA", 6, &b,
	    &done), CRYPTO_STATE);
	buf_clear(&b);
	buf_clear(&c);
}

static void
unlock_refuses_and_keeps_what_it_has(void **state)
{
	struct world *w = *state;
	struct vault_state st;
	struct vault *other;
	struct secret *bad = secret_copy(w->keys->data, w->keys->len);
	struct buf b;
	int fd;

	bad->data[40] ^= 1;
	assert_int_equal(vault_unlock(w->ch[OWNER], w->file, bad),
	    CRYPTO_ALTERED);
	assert_int_equal(vault_unlock(w->ch[OWNER], -1, w->keys),
	    crypto_err_status(OP_BAD));
	bad->len--;
	assert_int_equal(vault_unlock(w->ch[OWNER], w->file, bad),
	    crypto_err_status(OP_BAD));
	assert_int_equal(vault_status(w->ch[OWNER], &st), CRYPTO_OK);
	assert_true(st.boot);
	assert_false(st.owner);
	unlock(w);
	/* files that are none of ours change nothing */
	assert_int_equal(vault_new(&other), CRYPTO_OK);
	fd = seal(other);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_ALTERED);
	close(fd);
	vault_free(other);
	buf_init(&b, 100);
	buf_adds(&b, "mailnode vault\n");
	fd = file_of(&b);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_TRUNCATED);
	close(fd);
	buf_clear(&b);
	assert_int_equal(vault_status(w->ch[OWNER], &st), CRYPTO_OK);
	assert_true(st.owner);
	assert_int_equal(st.entries, 5);
	assert_int_equal(vault_lock(w->ch[OWNER]), CRYPTO_OK);
	assert_int_equal(vault_status(w->ch[OWNER], &st), CRYPTO_OK);
	assert_false(st.owner);
	assert_true(st.boot);
	secret_free(bad);
}

static void
entries_are_set_and_made_inside(void **state)
{
	struct world *w = *state;
	struct secret *pw = secret_copy("s3cret", 6), *s;
	struct vault_dkim k[4];
	struct vault *v;
	struct buf b;
	size_t n;
	int fd;

	buf_init(&b, VAULT_FILE_MAX);
	unlock(w);
	assert_int_equal(vault_set(w->ch[OWNER], w->file, "tls/key", "me",
	    pw, &b), CRYPTO_NAME);
	assert_int_equal(vault_set(w->ch[OWNER], w->file, "relay/New", "me",
	    pw, &b), CRYPTO_NAME);
	assert_int_equal(vault_set(w->ch[OWNER], w->file, "relay/new", "me",
	    pw, &b), CRYPTO_OK);
	fd = file_of(&b);
	assert_int_equal(vault_parse(b.data, b.len, &v), CRYPTO_OK);
	assert_int_equal(vault_open_keys(v, w->keys), CRYPTO_OK);
	assert_int_equal(vault_get(v, "relay/new", &s), CRYPTO_OK);
	assert_memory_equal(s->data, "s3cret", 6);
	secret_free(s);
	vault_free(v);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_OK);
	buf_reset(&b);
	assert_int_equal(vault_keygen(w->ch[OWNER], fd, "dkim/r",
	    SIGN_RSA, &b), CRYPTO_EXISTS);
	assert_int_equal(vault_keygen(w->ch[OWNER], fd, "dkim/e2",
	    SIGN_ED25519, &b), CRYPTO_OK);
	close(fd);
	fd = file_of(&b);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_OK);
	close(fd);
	/* the older one signs until it is retired */
	assert_int_equal(vault_dkim_keys(w->ch[OWNER], k, 4, &n), CRYPTO_OK);
	assert_int_equal(n, 2);
	assert_string_equal(k[1].selector, "e");
	assert_int_equal(vault_parse(b.data, b.len, &v), CRYPTO_OK);
	assert_int_equal(vault_open_keys(v, w->keys), CRYPTO_OK);
	assert_int_equal(vault_retire(v, "dkim/e"), CRYPTO_OK);
	fd = seal(v);
	vault_free(v);
	assert_int_equal(vault_reload(w->ch[OWNER], fd), CRYPTO_OK);
	close(fd);
	assert_int_equal(vault_dkim_keys(w->ch[OWNER], k, 4, &n), CRYPTO_OK);
	assert_string_equal(k[1].selector, "e2");
	buf_clear(&b);
	secret_free(pw);
}

static void
no_vault_is_said_so(void **state)
{
	struct vault_service *s = vault_service_new(-1, NULL, NULL);
	struct vault_state st;

	(void)state;
	vault_service_state(s, &st);
	assert_false(st.exists);
	assert_false(st.boot);
	assert_int_equal(st.trouble, CRYPTO_NOVAULT);
	vault_service_free(s);
}

static void
a_credential_opens_all_at_the_start(void **state)
{
	struct vault_service *s;
	struct vault_state st;
	struct secret *text, *machine, *bad;
	struct vault *v;
	int fd;

	(void)state;
	assert_int_equal(vault_new(&v), CRYPTO_OK);
	assert_int_equal(vault_machine_new(v, &machine), CRYPTO_OK);
	assert_int_equal(vault_credential_new(v, "systemd", &text),
	    CRYPTO_OK);
	fd = seal(v);
	s = vault_service_new(fd, NULL, text);
	vault_service_state(s, &st);
	assert_true(st.boot);
	assert_true(st.owner);
	assert_int_equal(st.trouble, CRYPTO_OK);
	vault_service_free(s);
	bad = secret_copy(text->data, text->len);
	bad->data[3] = bad->data[3] == '0' ? '1' : '0';
	s = vault_service_new(fd, machine, bad);
	vault_service_state(s, &st);
	assert_true(st.boot);
	assert_false(st.owner);
	assert_int_equal(st.trouble, CRYPTO_CREDENTIAL);
	vault_service_free(s);
	bad->data[3] = 'x';
	assert_int_equal(vault_open_credential(v, bad), CRYPTO_CREDENTIAL);
	bad->len--;
	assert_int_equal(vault_open_credential(v, bad), CRYPTO_CREDENTIAL);
	/* it is no passphrase, and costs no Argon2 */
	assert_int_equal(vault_open_phrase(v, text), CRYPTO_PASSPHRASE);
	secret_free(bad);
	secret_free(text);
	secret_free(machine);
	vault_free(v);
	close(fd);
}

int
main(void)
{
#define T(fn)	cmocka_unit_test_setup_teardown(fn, world_make, world_end)
	const struct CMUnitTest tests[] = {
		T(locked_serves_tls_and_nothing_else),
		T(one_signature_a_session),
		T(senders_are_rewritten_while_it_is_open),
		T(roles_are_held_to_their_masks),
		T(relay_signs_then_logs_in_where_it_said),
		T(scram_runs_inside),
		T(unlock_refuses_and_keeps_what_it_has),
		T(entries_are_set_and_made_inside),
		cmocka_unit_test(no_vault_is_said_so),
		cmocka_unit_test(a_credential_opens_all_at_the_start),
	};

	if (crypto_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
