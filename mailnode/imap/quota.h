/* Quota of RFC 9208: one root, "", whose storage is the disk's. */
#ifndef IMAP_QUOTA_H
#define IMAP_QUOTA_H

#include <stdint.h>

/* Octets in units of STORAGE, 1024 octets each, of which parts count. */
uint64_t	quota_units(uint64_t octets);

#endif
