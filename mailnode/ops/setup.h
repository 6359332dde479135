/*
 * What a program has to know to use this node as a device: as text, in the
 * form of each family of clients, and as files for a web server.  None of
 * them is parsed here; what clients read stands beside each function.
 */
#ifndef OPS_SETUP_H
#define OPS_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/secret.h"
#include "mailnode/base/buf.h"

enum {
	SETUP_TEXT_MAX = 4096,		/* octets of one of the texts */
	SETUP_FILE_MAX = 16 * 1024,	/* octets of one of the files */
	SETUP_ADDR_MAX = 320
};

struct setup_server {
	uint16_t	port;
	bool		starttls;	/* else TLS from the start */
	bool		there;		/* config.h has such a listener */
};

struct setup {
	char		 address[SETUP_ADDR_MAX];	/* also the user name */
	const char	*host, *domain, *realname;
	const char	*device;	/* its name; NULL for files for all */
	const struct secret *secret;	/* NULL likewise */
	bool		 reads, sends;
	struct setup_server imap, smtp;
};

/* Names and doors of the configuration; ports as the running node has them,
 * where the configuration leaves the choice to the kernel. */
void	setup_init(struct setup *s, const char *home);

/* For people: one "name: value" a line. */
void	setup_plain(struct buf *b, const struct setup *s);
/* The account code of Thunderbird for Android, JSON. */
void	setup_thunderbird(struct buf *b, const struct setup *s);
/* The login code of Delta Chat. */
void	setup_deltachat(struct buf *b, const struct setup *s);
/* .mobileconfig: Apple Mail and FairEmail.  With s->secret, else it asks. */
void	setup_profile(struct buf *b, const struct setup *s);
/* config-v1.1.xml of Thunderbird; also K-9, Delta Chat, FairEmail … */
void	setup_autoconfig(struct buf *b, const struct setup *s);
/* autodiscover.xml of Outlook; also FairEmail and Delta Chat. */
void	setup_autodiscover(struct buf *b, const struct setup *s);

#endif
