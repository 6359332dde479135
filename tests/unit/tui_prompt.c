#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "mailnode/base/op.h"
#include "tui/key.h"
#include "tui/prompt.h"
#include "tui/talk.h"

static struct prompt p;
static char got[200], live[200];
static int ndone;

static void
done(void *arg, const char *text)
{
	(void)arg;
	ndone++;
	(void)snprintf(got, sizeof got, "%s", text != NULL ? text : "(none)");
}

static void
changed(void *arg, const char *text)
{
	(void)arg;
	(void)snprintf(live, sizeof live, "%s", text);
}

static size_t
fruits(void *arg, const char *text, size_t n, struct buf *out)
{
	static const char *const all[] = { "apple", "apricot", "plum" };
	size_t i;

	(void)arg;
	for (i = 0; i < 3; i++)
		prompt_offer(out, all[i], text, n);
	return 0;
}

static void
start(const char *text, const char *keys)
{
	struct prompt_ask ask = { .label = "x", .text = text, .keys = keys,
	    .hist = HIST_QUERY, .done = done, .changed = changed,
	    .complete = fruits };

	ndone = 0;
	got[0] = live[0] = '\0';
	prompt_open(&p, &ask);
}

static void
press(const char *keys)
{
	while (*keys != '\0')
		prompt_key(&p, key_read(&keys));
}

static void
editing(void **state)
{
	static const struct { const char *keys, *text; } t[] = {
		{ "a b c Enter", "abc" },
		{ "a b Backspace c Enter", "ac" },
		{ "ä ö Left Backspace Enter", "ö" },
		{ "a b Home c End d Enter", "cabd" },
		{ "a Space b C-w c Enter", "a c" },
		{ "a b Left C-k Enter", "a" },
		{ "a b Left C-u Enter", "b" },
		{ "a b c M-b x Enter", "xabc" },
		{ "a b Left Left Del Enter", "b" },
		{ "a Esc", "(none)" },
		{ "C-g", "(none)" },
		{ "Backspace", "(none)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		start(NULL, NULL);
		press(t[i].keys);
		assert_int_equal(ndone, 1);
		assert_string_equal(got, t[i].text);
		assert_false(p.open);
	}
}

static void
live_text(void **state)
{
	(void)state;
	start("ab", NULL);
	press("c");
	assert_string_equal(live, "abc");
	press("Backspace Backspace");
	assert_string_equal(live, "a");
	prompt_cancel(&p, true);
	assert_int_equal(ndone, 0);
}

static void
history(void **state)
{
	(void)state;
	start("first", NULL);
	press("Enter");
	start("second", NULL);
	press("Enter");
	start(NULL, NULL);
	press("t Up Up Down Enter");
	assert_string_equal(got, "second");
	start(NULL, NULL);
	press("t Up Up Down Down Enter");
	assert_string_equal(got, "t");
}

static void
completion(void **state)
{
	size_t n, at;

	(void)state;
	start("p", NULL);
	press("Tab Enter");
	assert_string_equal(got, "plum");
	start("a", NULL);
	press("Tab");
	prompt_choices(&p, &n, &at);
	assert_int_equal(n, 2);
	press("Tab Tab");
	assert_string_equal(live, "apricot");
	press("Tab Enter");
	assert_string_equal(got, "apple");
	start("z", NULL);
	press("Tab Enter");
	assert_string_equal(got, "z");
}

static void
questions(void **state)
{
	(void)state;
	start(NULL, "yn");
	press("x Enter");
	assert_int_equal(ndone, 0);
	press("y");
	assert_string_equal(got, "y");
	start(NULL, "yn");
	press("Esc");
	assert_string_equal(got, "(none)");
}

/* What is pasted is text: it ends nothing and answers nothing. */
static void
pasting(void **state)
{
	(void)state;
	start(NULL, NULL);
	prompt_key(&p, TK_PASTE);
	press("a Enter b Esc c");
	prompt_key(&p, TK_PASTE_END);
	assert_int_equal(ndone, 0);
	press("Enter");
	assert_string_equal(got, "a b c");
	start(NULL, "yn");
	prompt_key(&p, TK_PASTE);
	press("y");
	prompt_key(&p, TK_PASTE_END);
	assert_int_equal(ndone, 0);
	prompt_cancel(&p, true);
}

/* ---- talk: questions to a service ---- */

static int service = -1, links, answers;
static uint16_t last;

static int
make_link(void *arg)
{
	int fds[2];

	(void)arg;
	if (links++ > 2 || chan_pair(fds) == -1)
		return -1;
	if (service != -1)
		close(service);
	service = fds[1];
	return fds[0];
}

static void
answered(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	(void)arg;
	(void)in;
	(void)fd;
	answers++;
	last = status;
}

static void
reply(uint16_t status)
{
	struct chan_msg m, r = { .fd = -1 };
	struct buf in;

	buf_init(&in, CHAN_RECORD_MAX + 1);
	assert_int_equal(chan_recv(service, &in, &m, true), 1);
	r.type = m.type;
	r.id = m.id;
	r.status = status;
	assert_int_equal(chan_send(service, &r, NULL, true), 0);
	buf_clear(&in);
}

static void
talking(void **state)
{
	struct talk_how how = { .link = make_link };
	struct loop *l = loop_new();
	struct talk *t = talk_new(l, &how);
	int64_t ms;
	int arg;

	(void)state;
	talk_send(t, 1, NULL, -1, answered, &arg);
	assert_int_equal(answers, 0);
	assert_int_equal(talk_waiting(t, &ms), 1);
	reply(42);
	assert_int_equal(loop_turn(l, 1000), 0);
	assert_int_equal(answers, 1);
	assert_int_equal(last, 42);
	/* Nobody cares any more. */
	talk_send(t, 1, NULL, -1, answered, &arg);
	talk_forget(t, &arg);
	assert_int_equal(talk_waiting(t, &ms), 0);
	reply(0);
	assert_int_equal(loop_turn(l, 1000), 0);
	assert_int_equal(answers, 1);
	/* The service goes: all that wait are told, and the next question
	 * makes a new channel. */
	talk_send(t, 1, NULL, -1, answered, &arg);
	talk_send(t, 1, NULL, -1, answered, &arg);
	close(service);
	service = -1;
	while (answers < 3)
		assert_int_equal(loop_turn(l, 1000), 0);
	assert_int_equal(last, OP_GONE);
	talk_send(t, 1, NULL, -1, answered, &arg);
	reply(7);
	assert_int_equal(loop_turn(l, 1000), 0);
	assert_int_equal(last, 7);
	assert_int_equal(links, 2);
	/* No service at all. */
	close(service);
	service = -1;
	links = 9;
	assert_int_equal(loop_turn(l, 1000), 0);
	talk_send(t, 1, NULL, -1, answered, &arg);
	assert_int_equal(answers, 4);
	while (answers < 5)
		assert_int_equal(loop_turn(l, 1000), 0);
	assert_int_equal(last, OP_GONE);
	talk_free(t);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(editing),
		cmocka_unit_test(live_text),
		cmocka_unit_test(history),
		cmocka_unit_test(completion),
		cmocka_unit_test(questions),
		cmocka_unit_test(pasting),
		cmocka_unit_test(talking),
	};
	int rc;

	prompt_init(&p);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	prompt_clear(&p);
	return rc;
}
