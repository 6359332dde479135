/* How the write-ahead log of a database reaches the kernel. */
#ifndef STORE_DB_LOG_H
#define STORE_DB_LOG_H

/*
 * The name of the file layer for sqlite3_open_v2(), or NULL for its own.
 * SQLite writes each page of a commit in two pieces, its header and the
 * page; with this one the pages of a commit go in one piece, or in a few.
 */
const char	*db_log_vfs(void);

#endif
