/* When devices were here, with what, and how far they have read: node.db. */
#ifndef STORE_DEVICE_SEEN_H
#define STORE_DEVICE_SEEN_H

#include <stdint.h>

#include "crypto/device.h"
#include "mailnode/base/role.h"
#include "store/err.h"

struct store;

extern const char device_schema[];	/* a part of node.db */

/* Each is a part of the turn under way. */
enum store_err	device_seen_login(struct store *st, const struct device *d,
		    enum role role, const char *addr);
/* client, folder: "" for what it was. */
enum store_err	device_seen_client(struct store *st, const struct device *d,
		    const char *client, const char *folder);
/* It has all changes of the folder up to that MODSEQ. */
enum store_err	device_seen_folder(struct store *st, const struct device *d,
		    const char *folder, uint64_t modseq);
enum store_err	device_seen_forget(struct store *st, const char *name);

/* Changes that it has not fetched, in the folders it ever read. */
uint32_t	device_seen_unsynced(struct store *st, const char *name);

#endif
