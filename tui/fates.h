/*
 * What became of the letters whose rows are on the screen: a mark in front
 * of each, in Sent.
 */
#ifndef TUI_FATES_H
#define TUI_FATES_H

#include "store/op_queue.h"

struct list_view;
struct fates;

struct fates	*fates_new(struct list_view *lv);
void		 fates_free(struct fates *f);

/* Asks for the rows shown, unless it knows them. */
void		 fates_fill(struct fates *f);
/* The queue changed. */
void		 fates_changed(struct fates *f);
enum queue_mark	 fates_mark(const struct fates *f, uint64_t msg);

#endif
