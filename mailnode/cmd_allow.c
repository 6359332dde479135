/* mailnode allow|block [list [-j] | add [-n NOTE] NAME | rm NAME], and
 * mailnode allow --once ADDRESS. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/filter/proof.h"
#include "mailnode/node/control.h"
#include "store/op_listed.h"
#include "store/op_reject.h"

struct ask_listed {
	bool		 allow;
	const char	*verb, *name, *note;
	bool		 json;
};

static void
print_json(const struct listed *l)
{
	static const char *const kinds[] = { "address", "domain", "network" };
	struct buf b;

	buf_init(&b, 4096);
	buf_adds(&b, "{\"name\":");
	json_string(&b, l->name);
	buf_addf(&b, ",\"kind\":\"%s\",\"note\":", kinds[l->kind]);
	json_string(&b, l->note);
	buf_addf(&b, ",\"created\":%lld}\n", (long long)l->created);
	if (b.err == 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

static uint16_t
list(int ch, struct op_reply *r, const struct ask_listed *q)
{
	char after[LISTED_NAME_MAX] = "";
	struct listed l;
	uint16_t status;

	while ((status = listed_ask_next(ch, r, q->allow, after, &l)) ==
	    OP_OK) {
		if (q->json)
			print_json(&l);
		else
			printf("%s%s%s\n", l.name, l.note[0] != '\0' ?
			    " # " : "", l.note);
		memcpy(after, l.name, sizeof after);
	}
	return status == STORE_NOTFOUND ? OP_OK : status;
}

static uint16_t
act(int ch, struct op_reply *r, const struct ask_listed *q)
{
	char name[HISTORY_NAME_MAX];

	if (strcmp(q->verb, "list") == 0)
		return list(ch, r, q);
	if (strlen(q->name) >= sizeof name)
		return STORE_NAME;
	proof_listed(q->name, name);
	if (strcmp(q->verb, "add") == 0)
		return listed_ask_add(ch, r, q->allow, name, q->note);
	return listed_ask_remove(ch, r, q->allow, name);
}

/* False: not as the usage line has it. */
static bool
arguments(int argc, char **argv, struct ask_listed *q)
{
	int c;

	*q = (struct ask_listed){ .allow = strcmp(argv[0], "allow") == 0,
	    .verb = NULL, .note = "" };
	if (argc > 1 && argv[1][0] != '-') {
		q->verb = argv[1];
		argc--;
		argv++;
	}
	optind = 1;
	while ((c = cmd_option(q->allow ? "allow" : "block", argc, argv,
	    "jn:", NULL)) != -1) {
		if (c == 'j')
			q->json = true;
		else if (c == 'n')
			q->note = optarg;
		else
			return false;
	}
	if (q->verb == NULL)
		q->verb = optind == argc ? "list" : argv[optind++];
	if (strcmp(q->verb, "list") == 0)
		return optind == argc;
	q->name = argv[optind];
	/* "mailnode block ADDRESS" is short for add. */
	if (strcmp(q->verb, "add") != 0 && strcmp(q->verb, "rm") != 0) {
		q->name = q->verb;
		q->verb = "add";
		return optind == argc;
	}
	return optind + 1 == argc;
}

static const char *
text(uint16_t status)
{
	switch (status) {
	case STORE_NAME:
		return "not an address, a domain or a network";
	case STORE_NOTFOUND:
		return "not on this list";
	case STORE_TOOBIG:
		return "the lists are full";
	case OP_BAD:
		return "a note without line ends, of 255 octets";
	default:
		return store_status_text(status);
	}
}

static int
run(const struct ask_listed *q)
{
	const char *list_name = q->allow ? "allow" : "block";
	struct op_reply r;
	struct node *n = NULL;
	int ch = cmd_link(list_name, &n, ROLE_KEEPER), rc = 0;
	uint16_t status;

	if (ch == -1) {
		node_close(n);
		return 1;
	}
	op_reply_init(&r);
	status = act(ch, &r, q);
	if (status != OP_OK)
		rc = cmd_fail(q->name != NULL ? q->name : list_name,
		    text(status));
	op_reply_clear(&r);
	close(ch);
	node_close(n);
	return rc;
}

/* The next message of that address, within an hour. */
static int
once(const char *text_of)
{
	char address[HISTORY_NAME_MAX];
	struct node *n = NULL;
	struct op_reply r;
	uint16_t status;
	int ch, rc = 0;

	proof_address(text_of, address);
	if (address[0] == '\0')
		return cmd_fail(text_of, "not an address");
	ch = cmd_link("allow", &n, ROLE_KEEPER);
	if (ch == -1) {
		node_close(n);
		return 1;
	}
	op_reply_init(&r);
	status = reject_ask_let_in(ch, &r, 0, address);
	if (status != OP_OK)
		rc = cmd_fail(text_of, store_status_text(status));
	op_reply_clear(&r);
	close(ch);
	node_close(n);
	return rc;
}

int
cmd_allow(int argc, char **argv)
{
	struct ask_listed q;

	if (argc == 3 && strcmp(argv[0], "allow") == 0 &&
	    strcmp(argv[1], "--once") == 0)
		return once(argv[2]);

	if (argc == 2 && strcmp(argv[1], "-h") == 0)
		return cmd_usage(argv[0], 1);
	if (argc > 1 && strcmp(argv[1], "--once") == 0)
		return cmd_usage(argv[0], 0);
	if (!arguments(argc, argv, &q))
		return cmd_usage(argv[0], 0);
	return run(&q);
}
