/* What spool.c (accepting, limits, life) and spool_file.c share, and nobody
 * else. */
#ifndef STORE_SPOOL_PARTS_H
#define STORE_SPOOL_PARTS_H

#include "store/spool.h"
#include "store/store.h"

enum {
	SPOOL_PATH = 4096,
	SPOOL_DONE_MAX = 4096	/* filed, not yet struck out */
};

/* The column `todo`: enum fan_kind, and these. */
enum { TODO_FANS = 15, TODO_OWN = 16, TODO_STAYS = 32, TODO_GOES = 64 };

struct big {
	struct big	*next;
	struct upload	*upload;
};

struct spool {
	char		 dir[SPOOL_PATH];
	int		 dirfd;
	uint64_t	 last;		/* highest id given */
	uint64_t	 committed;
	uint64_t	 unplaced;	/* the last that had no place */
	uint64_t	 entries, octets;
	uint64_t	 turn_entries, turn_octets;	/* not yet committed */
	int64_t		 oldest;	/* accepted, s; 0: none */
	int64_t		 looked_ms;	/* when oldest was read */
	int64_t		 opened;	/* s; no entry waits for us longer */
	struct big	*big;		/* bodies of this turn */
	bool		 refusing;
	struct loop_timer strike;
	struct {
		uint64_t	id, file;
	}		 done[SPOOL_DONE_MAX];
	size_t		 ndone;
	size_t		 striking;	/* of them, in this turn */
};

/* The timer that strikes out what is filed. */
void	spool_strike_late(void *st);

#endif
