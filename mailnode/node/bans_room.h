/* Private to bans*.c: what is counted and what is known. */
#ifndef NODE_BANS_ROOM_H
#define NODE_BANS_ROOM_H

#include "mailnode/node/bans.h"

struct known {
	struct net_prefix net;
	char		device[DEVICE_NAME_MAX];
	int64_t		last;
};

struct bans {
	struct loop	*loop;
	const char	*home;
	struct loop_timer save;
	size_t		 n, nknown;
	size_t		 turn;		/* of who goes next */
	uint64_t	 used;
	int64_t		 owners; /* wall s: until then he keeps some out */
	uint32_t	 mark[BANS_MAX];	/* of ban[] */
	struct ban	 ban[BANS_MAX];
	struct known	 known[BANS_KNOWN_MAX];
};

/* bans_file.c.  Adds what home/bans has. */
void	bans_load(struct bans *b);
/* Writes home/bans in a moment; the timer's function does it at once. */
void	bans_changed(struct bans *b);
void	bans_save(void *bans);

#endif
