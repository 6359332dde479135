/* Flags and keywords, of commands and in answers. */
#include <string.h>

#include "mailnode/imap/talk.h"
#include "store/op_set.h"

static const struct lex_name names[] = {
	{ "\\Answered", STORE_ANSWERED }, { "\\Flagged", STORE_FLAGGED },
	{ "\\Deleted", STORE_DELETED }, { "\\Seen", STORE_SEEN },
	{ "\\Draft", STORE_DRAFT }, { "$Forwarded", STORE_PASSED },
	{ NULL, 0 }
};

/* ---- of commands ---- */

/* Tags that stand for flags in notmuch must not be keywords of their own;
 * these have one spelling, keywords being alike in any case. */
static const char *const spelled[] = {
	"$Junk", "$NotJunk", "$Phishing", "$MDNSent", "$SubmitPending",
	"$Submitted", "$Important", "Junk", "NonJunk", "NotJunk", NULL
};
static const char *const disguised[] = {
	"unread", "flagged", "replied", "passed", "draft", "deleted", NULL
};

static const char *
one_of(const char *const *list, const struct lex_str *s)
{
	for (; *list != NULL; list++)
		if (lex_is(s, *list))
			return *list;
	return NULL;
}

bool
flag_one(const struct lex_str *s, struct flag_list *out)
{
	const struct lex_name *flag = lex_named(s, names);
	const char *word = one_of(spelled, s);
	size_t n = strlen(out->keywords);

	if (flag != NULL) {
		out->flags |= flag->v;
		return true;
	}
	/* Ours to give, not to be stored. */
	if (lex_is(s, "\\Recent") || one_of(disguised, s) != NULL)
		return true;
	if (word == NULL)
		word = s->p;
	if (!set_keyword_ok(word) || !mail_tag_ok(word) ||
	    n + s->n + 2 > sizeof out->keywords)
		return false;
	if (n > 0)
		out->keywords[n++] = ' ';
	memcpy(out->keywords + n, word, s->n);
	out->keywords[n + s->n] = '\0';
	return true;
}

bool
flag_list(struct lex_at *at, bool bare, struct flag_list *out)
{
	struct lex_str s;
	bool parens = lex_open(at), some = false;

	memset(out, 0, sizeof *out);
	if (!parens && !bare)
		return false;
	for (; lex_atom(at, &s); some = true)
		if (!flag_one(&s, out))
			return false;
	return parens ? lex_close(at) : some;
}

/* ---- in answers ---- */

/* A keyword that the client has not heard of goes into FLAGS first. */
static void
note_keyword(struct session *s, const char *word)
{
	char *list = s->view.keywords;
	size_t n = strlen(word), len = strlen(list);

	if (tag_in(list, word) || len + n + 2 > sizeof s->view.keywords)
		return;
	list[len] = ' ';
	memcpy(list + len + 1, word, n + 1);
	tell_flags(s);
}

void
put_flags(struct session *s, struct buf *b, uint32_t flags, const char *tags)
{
	const struct lex_name *name;
	char word[MAIL_TAGS_MAX];
	size_t n;

	(void)buf_addc(b, '(');
	for (name = names; name->name != NULL; name++)
		if (flags & name->v)
			put_word(b, name->name);
	for (; *tags != '\0'; tags += n + (tags[n] == ' ')) {
		n = strcspn(tags, " ");
		if (n == 0 || n >= sizeof word)
			continue;
		memcpy(word, tags, n);
		word[n] = '\0';
		if (!set_keyword_ok(word))
			continue;
		note_keyword(s, word);
		put_word(b, word);
	}
	(void)buf_addc(b, ')');
}

void
tell_flags(struct session *s)
{
	line_putf(s->line, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen "
	    "\\Draft $Forwarded%s)\r\n", s->view.keywords);
}
