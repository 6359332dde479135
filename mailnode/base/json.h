/* Strings for the JSON lines of listings. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "mailnode/base/buf.h"

/* Appends s with its quotes; octets that are no UTF-8 become U+FFFD. */
void	json_string(struct buf *b, const char *s);
void	json_bytes(struct buf *b, const void *p, size_t n);
/* "key":"value", behind a comma unless it is the first of its object. */
void	json_field(struct buf *b, const char *key, const char *value);
/* ,"key":["one","two"] of words with blanks between. */
void	json_words(struct buf *b, const char *key, const char *list);

#endif
