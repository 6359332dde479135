/*
 * events.db: one line for each thing that happened.  Lines are collected
 * and written in groups, in a transaction of their own, without an fsync:
 * a crash costs the story of the last moment, nothing else.
 */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include <stdint.h>

#include "store/store.h"

enum store_err	 events_open(struct store *st);
void		 events_close(struct store *st);
/* Writes what was collected. */
void		 events_flush(struct store *st);

#endif
