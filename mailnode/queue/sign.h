/* DKIM signatures for a letter, by the keys in the vault. */
#ifndef QUEUE_SIGN_H
#define QUEUE_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

enum sign_result {
	SIGN_OK,		/* fields appended; none if there is no key */
	SIGN_LOCKED,		/* the vault is: ask again later */
	SIGN_LATER,		/* *why: something else that may pass */
	SIGN_NEVER		/* *why: the letter cannot be signed */
};

struct vault_dkim;

/*
 * Those of the active keys that are to sign: RSA by default, Ed25519 as well
 * if conf says so.  out has room for n; returns how many.
 */
size_t		 sign_choose(const struct vault_dkim *all, size_t n,
		    struct vault_dkim *out);

/*
 * Reads the letter [offset, offset + size) of fd, checks that it is one
 * that can go out (line ends, one From), and appends a DKIM-Signature field
 * for each key that is to sign.  *why: static text.
 */
enum sign_result sign_letter(int vault, int fd, uint64_t offset,
	    uint64_t size, const char *domain, struct buf *head,
	    const char **why);

#endif
