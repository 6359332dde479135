/* DMARC policy records (RFC 9989 sections 4.7 and 4.8). */
#ifndef AUTH_DMARC_RECORD_H
#define AUTH_DMARC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

enum dmarc_policy {
	DMARC_POLICY_NONE,
	DMARC_POLICY_QUARANTINE,
	DMARC_POLICY_REJECT
};

enum dmarc_psd { DMARC_PSD_U, DMARC_PSD_Y, DMARC_PSD_N };

struct dmarc_record {
	enum dmarc_policy p, sp, np;
	bool		 has_p, has_sp, has_np;
	bool		 bad;		/* a p, sp or np that is no policy */
	bool		 strict_dkim, strict_spf;
	bool		 testing;	/* t=y */
	bool		 reports;	/* rua= names at least one URI */
	enum dmarc_psd	 psd;
};

/* Does it begin with "v=DMARC1"?  Others are no business of ours. */
bool	dmarc_is_record(const char *p, size_t n);

enum { DMARC_TAGS_MAX = 40 };	/* as TAGS_MAX of tags.h */

/*
 * Reads a record for which that is true.  What cannot be read, and what is
 * unknown or historic (pct, rf, ri), is passed over.  False: no record after
 * all, since a tag is there twice (section 4.7, by RFC 6376 section 3.2), or
 * more than DMARC_TAGS_MAX.
 */
bool	dmarc_record_parse(struct dmarc_record *r, const char *p, size_t n);

/* "none", "quarantine", "reject" */
const char *dmarc_policy_text(enum dmarc_policy p);

#endif
