/* What op_view.h answers, out of SQLite.  Results are SQLite's codes. */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include "store/op_view.h"
#include "store/reader.h"

extern const char *const view_sql[RVIEW_N];

/* emit: false when there is no room for it; *more is then set. */
int	view_each_box(struct reader *r, const char *after, uint32_t want,
	    bool (*emit)(void *, const struct view_box *), void *arg,
	    bool *more);
/* By name, or by id when the name is "".  SQLITE_DONE: there is none. */
int	view_one_box(struct reader *r, uint64_t id, const char *name,
	    uint32_t want, bool (*emit)(void *, const struct view_box *),
	    void *arg);

/* Octets of all files, and what the disk has left above the reserve. */
int	view_disk(struct reader *r, uint64_t *used, uint64_t *left);

struct view_span {
	uint64_t	 mbox;
	uint32_t	 from, below;
	uint64_t	 since;		/* UINT64_MAX: none that are gone */
};
/* Ascending, as ranges that may touch; SQLITE_ROW: emit said false. */
int	view_each_uid(struct reader *r, const struct view_span *s,
	    bool (*emit)(void *, uint32_t lo, uint32_t hi), void *arg);

struct view_lost {
	uint64_t	 mbox, since, upto;
	uint32_t	 at_uid;	/* had already, at `since` */
	uint32_t	*uid;		/* out, as the rest */
	size_t		 n, max;
	uint64_t	 at_modseq;
	bool		 whole, more;
};
int	view_lost(struct reader *r, struct view_lost *l);

struct view_scan {
	uint64_t	 mbox, since, upto;
	uint32_t	 cols;
	const struct set_range *range;
	size_t		 n;
	uint64_t	 at_modseq;	/* out: where the next page starts */
	uint32_t	 at_uid;	/* in and out */
	bool		 more;
};
int	view_each_row(struct reader *r, struct view_scan *s,
	    bool (*emit)(void *, uint32_t cols, const struct view_row *),
	    void *arg);

void	view_root(const char *refs, const char *irt, const char *msgid,
	    uint8_t root[VIEW_ROOT]);

/* Borrowed until reader_end(). */
struct view_place {
	const char	*folder, *name;
	uint64_t	 size, wire;
	uint32_t	 pflags;
	const uint8_t	*parts;
	size_t		 nparts;
};
int	view_place(struct reader *r, uint64_t mbox, uint32_t uid,
	    struct view_place *at);
int	view_blob_of(struct reader *r, uint64_t mbox, uint32_t uid,
	    enum view_blob which, const uint8_t **p, size_t *n);

/* Between op_view.c, op_view_row.c and op_view_file.c.  call clears args; end
 * turns an SQLite code into a status; a blob that is too large for a row
 * comes as NULL. */
uint16_t view_call(int ch, uint16_t type, struct buf *args,
	    struct op_reply *r);
uint16_t view_end(struct reader *r, int rc);
void	 view_get_blob(struct chan_in *in, const uint8_t **p, size_t *n);
void	 view_put_blob(struct buf *out, const uint8_t *p, size_t n);

#endif
