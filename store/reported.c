#include <string.h>

#include "store/reported.h"

bool
reported_believed(enum reported_belief b)
{
	return b == REPORTED_VOUCHED || b == REPORTED_ENVELOPE;
}

const char *
reported_word(enum report_action a)
{
	static const char *const word[REPORT_ACTIONS] = {
		[REPORT_UNKNOWN] = "unknown", [REPORT_FAILED] = "returned",
		[REPORT_DELAYED] = "delayed",
		[REPORT_DELIVERED] = "delivered",
		[REPORT_RELAYED] = "relayed", [REPORT_EXPANDED] = "expanded",
		[REPORT_READ_BY] = "read"
	};

	return (unsigned int)a < REPORT_ACTIONS ? word[a] : "?";
}

const char *
reported_belief_word(enum reported_belief b)
{
	static const char *const word[REPORTED_BELIEFS] = {
		[REPORTED_GUESSED] = "guessed",
		[REPORTED_UNPROVED] = "unproved",
		[REPORTED_VOUCHED] = "vouched",
		[REPORTED_ENVELOPE] = "envelope"
	};

	return (unsigned int)b < REPORTED_BELIEFS ? word[b] : "?";
}

void
reported_text(const struct reported *r, struct buf *b)
{
	const char *said = r->said;
	size_t n = strlen(r->status);

	buf_adds(b, reported_word(r->action));
	if (r->status[0] != '\0' || said[0] != '\0')
		buf_addc(b, ':');
	/* Most say the code once more, in what they say to people. */
	if (r->status[0] != '\0' && strstr(said, r->status) == NULL)
		buf_addf(b, " %.*s", (int)n, r->status);
	if (said[0] != '\0')
		buf_addf(b, " %s", said);
	if (r->mta[0] != '\0')
		buf_addf(b, ", said %s", r->mta);
	if (r->who[0] != '\0')
		buf_addf(b, " of %s", r->who);
}

void
reported_why(const struct reported *r, struct buf *b)
{
	if (!reported_believed(r->belief))
		buf_adds(b, "NOT PROVED: ");
	buf_addf(b, "reported by %s", r->by[0] != '\0' ? r->by : "somebody");
	switch (r->belief) {
	case REPORTED_ENVELOPE:
		buf_adds(b, ", which knew the envelope's id");
		break;
	case REPORTED_VOUCHED:
		buf_addf(b, ", for which %s vouches", r->proof);
		break;
	case REPORTED_GUESSED:
		buf_adds(b, ", which names no letter: it may be this one");
		break;
	case REPORTED_UNPROVED:
	case REPORTED_BELIEFS:
		buf_addf(b, "; %s", r->proof);
		break;
	}
}

void
reported_get(struct wire *w, struct reported *r)
{
	unsigned int action, belief;

	r->n = chan_get_u32(w->in);
	action = chan_get_u8(w->in);
	belief = chan_get_u8(w->in);
	r->at = chan_get_i64(w->in);
	r->status = wire_str(w);
	r->said = wire_str(w);
	r->mta = wire_str(w);
	r->by = wire_str(w);
	r->who = wire_str(w);
	r->proof = wire_str(w);
	r->trace = wire_str(w);
	w->bad = w->bad || action >= REPORT_ACTIONS ||
	    belief >= REPORTED_BELIEFS;
	r->action = (enum report_action)action;
	r->belief = (enum reported_belief)belief;
}
