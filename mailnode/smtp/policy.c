#include <string.h>

#include "mailnode/smtp/policy.h"
#include "store/err.h"

static const struct answer taken = { 250, "2.1.5", "ok" };
static const struct answer relay = { 550, "5.7.1",
    "not ours, and nothing is relayed here" };
static const struct answer nobody = { 550, "5.1.1",
    "no such address here" };
static const struct answer trouble = { 451, "4.3.0",
    "trouble here, try again later" };
static const struct answer full = { 452, "4.3.1",
    "no room at present, try again later" };
static const struct answer behind = { 452, "4.3.1",
    "too much waits here, try again later" };
static const struct answer too_big = { 552, "5.3.4", "message too big" };
static const struct answer accepted = { 250, "2.0.0", "accepted as" };

/*
 * The old ways to name a next hop inside a local part: user%host, host!user,
 * "user@host" and @host:user.  None of our own addresses has them, so that a
 * catch-all must not take them for one.
 */
static bool
names_hop(const char *local)
{
	return strpbrk(local, "%!@:") != NULL;
}

/* Nobody needs an address literal to reach a node that has a domain. */
const struct answer *
policy_rcpt_early(const struct path *to)
{
	return to->literal ? &relay : NULL;
}

const struct answer *
policy_rcpt(const struct path *to, uint16_t status, const struct rcpt *r)
{
	if (status != STORE_OK)
		return policy_store(status);
	switch (r->class) {
	case RCPT_USER:
	case RCPT_ALIAS:
	case RCPT_SYSTEM:
		return &taken;
	case RCPT_CATCHALL:
		return names_hop(to->local) ? &relay : &taken;
	case RCPT_UNKNOWN:
	case RCPT_BURNED:
		return names_hop(to->local) ? &relay : &nobody;
	default:
		return &relay;
	}
}

const struct answer *
policy_srs(enum crypto_err e, bool notice)
{
	static const struct answer notices = { 550, "5.7.1",
	    "notices alone, from <>, go back this way" };
	static const struct answer locked = { 451, "4.3.0",
	    "the way back is closed at present, try again later" };

	switch (e) {
	case CRYPTO_OK:
		return notice ? &taken : &notices;
	case CRYPTO_LOCKED:
	case CRYPTO_NOVAULT:
	case CRYPTO_GONE:
	case CRYPTO_NOMEM:
	case CRYPTO_TRIES:
		return &locked;
	default:
		return &nobody;
	}
}

const struct answer *
policy_store(uint16_t status)
{
	switch (status) {
	case STORE_OK:
		return &accepted;
	case STORE_NOSPACE:
		return &full;
	case STORE_BUSY:
		return &behind;
	case STORE_TOOBIG:
		return &too_big;
	case STORE_NORCPT:
		return &nobody;
	default:
		return &trouble;
	}
}

const struct answer *
policy_path(enum path_err err, bool sender)
{
	static const struct answer from = { 501, "5.1.7",
	    "sender address" };
	static const struct answer to = { 501, "5.1.3",
	    "recipient address" };
	static const struct answer utf8 = { 553, "5.6.7",
	    "address" };

	if (err == PATH_NOT_ASCII)
		return &utf8;
	return sender ? &from : &to;
}
