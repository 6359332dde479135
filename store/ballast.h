/*
 * Room for a start on a full disk.  SQLite needs some of it even to read: an
 * index of its log beside each database.  HOME/ballast is given up for that,
 * so that mail can be read and deleted; new mail finds the disk below its
 * reserve and is deferred.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

enum {
	BALLAST_OCTETS = 2 * 1024 * 1024,
	BALLAST_FREE = 8	/* times as much is free: it is made again */
};

/* Before the databases are opened: gives it up, or makes it. */
void	ballast(const char *home);

#endif
