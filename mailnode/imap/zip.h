/* COMPRESS=DEFLATE, RFC 4978: between the lines and TLS. */
#ifndef IMAP_ZIP_H
#define IMAP_ZIP_H

struct session;

void	zip_free(struct session *s);

#endif
