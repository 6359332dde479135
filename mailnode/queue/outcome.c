#include "mailnode/queue/outcome.h"
#include "mailnode/queue/retry.h"

static enum queue_fate
waits(const struct outcome *o, enum queue_fate fate, int64_t age)
{
	return o->counts && age > RETRY_LIFE_S ? QUEUE_EXPIRED : fate;
}

void
outcome_judge(struct outcome *o, const struct sender_rcpt *r,
    enum job_fate fate, const char *reply, bool counts, int64_t created,
    int64_t now, uint32_t random)
{
	int64_t age = now - created;

	*o = (struct outcome){ .rcpt = r, .counts = counts, .reply = reply };
	/* What never was tried comes again as soon as the first time. */
	o->due = now + retry_delay_s(counts ? r->attempts + 1 : 1, random);
	switch (fate) {
	case JOB_TAKEN:
		o->fate = QUEUE_SENT;
		break;
	case JOB_REFUSED:
		o->fate = QUEUE_FAILED;
		break;
	case JOB_UNKNOWN:
		o->lost = true;
		o->fate = waits(o, QUEUE_UNKNOWN, age);
		break;
	case JOB_LOCKED:
		o->counts = false;
		o->fate = r->fate;
		o->due = now + RETRY_LOCKED_S;
		break;
	case JOB_NO_DNS:
		o->counts = false;
		o->fate = r->fate;
		o->due = now + RETRY_NO_DNS_S;
		break;
	case JOB_DEFERRED:
	case JOB_FATES:
		/* An older try may still have reached him. */
		o->fate = waits(o, r->fate, age);
		break;
	}
}

bool
outcome_tells(const struct outcome *o, enum dsn_kind kind)
{
	uint32_t notify = o->rcpt->notify;

	switch (kind) {
	case DSN_FAILED:
		return (o->fate == QUEUE_FAILED ||
		    o->fate == QUEUE_EXPIRED) &&
		    (notify == 0 || (notify & QUEUE_NOTIFY_FAILURE));
	case DSN_DELAYED:
		return (o->fate == QUEUE_WAITING ||
		    o->fate == QUEUE_UNKNOWN) &&
		    (notify == 0 || (notify & QUEUE_NOTIFY_DELAY));
	case DSN_DELIVERED:
		/* RFC 3461 section 5.2.2: nobody else will say so. */
		return o->fate == QUEUE_SENT && o->silent &&
		    (notify & QUEUE_NOTIFY_SUCCESS) != 0;
	}
	return false;
}

void
outcome_postpone(struct outcome *o, size_t n, int64_t due)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (outcome_tells(&o[i], DSN_FAILED)) {
			o[i].fate = QUEUE_WAITING;
			o[i].due = due;
		}
}

const char *
outcome_word(const struct outcome *o)
{
	switch (o->fate) {
	case QUEUE_SENT:
		return "sent";
	case QUEUE_LOCALLY:
		return "local";
	case QUEUE_FAILED:
		return "bounced";
	case QUEUE_EXPIRED:
		return "expired";
	case QUEUE_DROPPED:
		return "dropped";
	case QUEUE_UNKNOWN:
	case QUEUE_WAITING:
		break;
	}
	return o->lost ? "unknown" : "deferred";
}
