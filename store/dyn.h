/*
 * GMime and libnotmuch, loaded where they are used and nowhere else: linked,
 * their thirty libraries would double the cost of every fork.  Call through
 * the table: gm->g_mime_init().  The headers of both are included here alone.
 */
#ifndef STORE_DYN_H
#define STORE_DYN_H

#include <gmime/gmime.h>
#include <notmuch.h>

/* X(result, name, arguments) */
#define DYN_GLIB(X) \
X(void, g_free, (gpointer)) \
X(void, g_object_unref, (gpointer)) \
X(gboolean, g_type_check_instance_is_a, (GTypeInstance *, GType)) \
X(GByteArray *, g_byte_array_new_take, (guint8 *, gsize))

#define DYN_GMIME(X) \
X(void, g_mime_init, (void)) \
X(GMimeStream *, g_mime_stream_mem_new, (void)) \
X(GMimeStream *, g_mime_stream_mem_new_with_byte_array, (GByteArray *)) \
X(GByteArray *, g_mime_stream_mem_get_byte_array, (GMimeStreamMem *)) \
X(void, g_mime_stream_mem_set_owner, (GMimeStreamMem *, gboolean)) \
X(GMimeParser *, g_mime_parser_new_with_stream, (GMimeStream *)) \
X(void, g_mime_parser_set_persist_stream, (GMimeParser *, gboolean)) \
X(GMimeMessage *, g_mime_parser_construct_message, (GMimeParser *, \
    GMimeParserOptions *)) \
X(GType, g_mime_part_get_type, (void)) \
X(GType, g_mime_multipart_get_type, (void)) \
X(GType, g_mime_message_part_get_type, (void)) \
X(GMimeObject *, g_mime_message_get_mime_part, (GMimeMessage *)) \
X(GMimeMessage *, g_mime_message_part_get_message, (GMimeMessagePart *)) \
X(int, g_mime_multipart_get_count, (GMimeMultipart *)) \
X(GMimeObject *, g_mime_multipart_get_part, (GMimeMultipart *, int)) \
X(GMimeContentType *, g_mime_object_get_content_type, (GMimeObject *)) \
X(GMimeContentDisposition *, g_mime_object_get_content_disposition, \
    (GMimeObject *)) \
X(GMimeHeaderList *, g_mime_object_get_header_list, (GMimeObject *)) \
X(const char *, g_mime_object_get_content_id, (GMimeObject *)) \
X(int, g_mime_header_list_get_count, (GMimeHeaderList *)) \
X(GMimeHeader *, g_mime_header_list_get_header_at, (GMimeHeaderList *, \
    int)) \
X(GMimeHeader *, g_mime_header_list_get_header, (GMimeHeaderList *, \
    const char *)) \
X(const char *, g_mime_header_get_name, (GMimeHeader *)) \
X(const char *, g_mime_header_get_raw_value, (GMimeHeader *)) \
X(gint64, g_mime_header_get_offset, (GMimeHeader *)) \
X(const char *, g_mime_content_type_get_media_type, (GMimeContentType *)) \
X(const char *, g_mime_content_type_get_media_subtype, \
    (GMimeContentType *)) \
X(const char *, g_mime_content_type_get_parameter, (GMimeContentType *, \
    const char *)) \
X(const char *, g_mime_content_disposition_get_disposition, \
    (GMimeContentDisposition *)) \
X(GMimeDataWrapper *, g_mime_part_get_content, (GMimePart *)) \
X(GMimeContentEncoding, g_mime_part_get_content_encoding, (GMimePart *)) \
X(GMimeStream *, g_mime_data_wrapper_get_stream, (GMimeDataWrapper *)) \
X(gssize, g_mime_data_wrapper_write_to_stream, (GMimeDataWrapper *, \
    GMimeStream *)) \
X(char *, g_mime_utils_header_unfold, (const char *)) \
X(char *, g_mime_utils_header_encode_text, (GMimeFormatOptions *, \
    const char *, const char *)) \
X(InternetAddressList *, internet_address_list_parse, \
    (GMimeParserOptions *, const char *)) \
X(int, internet_address_list_length, (InternetAddressList *)) \
X(InternetAddress *, internet_address_list_get_address, \
    (InternetAddressList *, int)) \
X(const char *, internet_address_get_name, (InternetAddress *)) \
X(GType, internet_address_mailbox_get_type, (void)) \
X(const char *, internet_address_mailbox_get_addr, \
    (InternetAddressMailbox *)) \
X(GType, internet_address_group_get_type, (void)) \
X(InternetAddressList *, internet_address_group_get_members, \
    (InternetAddressGroup *))

#define DYN_NOTMUCH(X) \
X(const char *, notmuch_status_to_string, (notmuch_status_t)) \
X(notmuch_status_t, notmuch_database_create_with_config, (const char *, \
    const char *, const char *, notmuch_database_t **, char **)) \
X(notmuch_status_t, notmuch_database_open_with_config, (const char *, \
    notmuch_database_mode_t, const char *, const char *, \
    notmuch_database_t **, char **)) \
X(notmuch_status_t, notmuch_database_reopen, (notmuch_database_t *, \
    notmuch_database_mode_t)) \
X(notmuch_status_t, notmuch_database_destroy, (notmuch_database_t *)) \
X(notmuch_bool_t, notmuch_database_needs_upgrade, (notmuch_database_t *)) \
X(notmuch_status_t, notmuch_database_upgrade, (notmuch_database_t *, \
    void (*)(void *, double), void *)) \
X(notmuch_status_t, notmuch_config_set, (notmuch_database_t *, \
    notmuch_config_key_t, const char *)) \
X(notmuch_status_t, notmuch_database_begin_atomic, (notmuch_database_t *)) \
X(notmuch_status_t, notmuch_database_end_atomic, (notmuch_database_t *)) \
X(unsigned long, notmuch_database_get_revision, (notmuch_database_t *, \
    const char **)) \
X(notmuch_status_t, notmuch_database_index_file, (notmuch_database_t *, \
    const char *, notmuch_indexopts_t *, notmuch_message_t **)) \
X(notmuch_status_t, notmuch_database_remove_message, \
    (notmuch_database_t *, const char *)) \
X(notmuch_status_t, notmuch_database_find_message_by_filename, \
    (notmuch_database_t *, const char *, notmuch_message_t **)) \
X(notmuch_status_t, notmuch_database_find_message, (notmuch_database_t *, \
    const char *, notmuch_message_t **)) \
X(const char *, notmuch_database_status_string, \
    (const notmuch_database_t *)) \
X(notmuch_query_t *, notmuch_query_create, (notmuch_database_t *, \
    const char *)) \
X(notmuch_status_t, notmuch_query_create_with_syntax, \
    (notmuch_database_t *, const char *, notmuch_query_syntax_t, \
    notmuch_query_t **)) \
X(void, notmuch_query_set_sort, (notmuch_query_t *, notmuch_sort_t)) \
X(void, notmuch_query_set_omit_excluded, (notmuch_query_t *, \
    notmuch_exclude_t)) \
X(notmuch_status_t, notmuch_query_search_messages, (notmuch_query_t *, \
    notmuch_messages_t **)) \
X(notmuch_status_t, notmuch_query_count_messages, (notmuch_query_t *, \
    unsigned int *)) \
X(void, notmuch_query_destroy, (notmuch_query_t *)) \
X(notmuch_bool_t, notmuch_messages_valid, (notmuch_messages_t *)) \
X(notmuch_message_t *, notmuch_messages_get, (notmuch_messages_t *)) \
X(void, notmuch_messages_move_to_next, (notmuch_messages_t *)) \
X(const char *, notmuch_message_get_message_id, (notmuch_message_t *)) \
X(const char *, notmuch_message_get_filename, (notmuch_message_t *)) \
X(notmuch_filenames_t *, notmuch_message_get_filenames, \
    (notmuch_message_t *)) \
X(notmuch_bool_t, notmuch_filenames_valid, (notmuch_filenames_t *)) \
X(const char *, notmuch_filenames_get, (notmuch_filenames_t *)) \
X(void, notmuch_filenames_move_to_next, (notmuch_filenames_t *)) \
X(void, notmuch_filenames_destroy, (notmuch_filenames_t *)) \
X(time_t, notmuch_message_get_date, (notmuch_message_t *)) \
X(notmuch_tags_t *, notmuch_message_get_tags, (notmuch_message_t *)) \
X(notmuch_bool_t, notmuch_tags_valid, (notmuch_tags_t *)) \
X(const char *, notmuch_tags_get, (notmuch_tags_t *)) \
X(void, notmuch_tags_move_to_next, (notmuch_tags_t *)) \
X(void, notmuch_tags_destroy, (notmuch_tags_t *)) \
X(notmuch_status_t, notmuch_message_add_tag, (notmuch_message_t *, \
    const char *)) \
X(notmuch_status_t, notmuch_message_remove_tag, (notmuch_message_t *, \
    const char *)) \
X(notmuch_status_t, notmuch_message_freeze, (notmuch_message_t *)) \
X(notmuch_status_t, notmuch_message_thaw, (notmuch_message_t *)) \
X(void, notmuch_message_destroy, (notmuch_message_t *))

/* Of the C++ it is written in: std::set_terminate and the end of a catch. */
#define DYN_CXX(X) \
X(void, _ZSt13set_terminatePFvvE, (void (*)(void))) \
X(void, __cxa_end_catch, (void))

#define DYN_MEMBER(result, name, args)	result (*name) args;
struct dyn_gmime {
	DYN_GLIB(DYN_MEMBER)
	DYN_GMIME(DYN_MEMBER)
};
struct dyn_notmuch {
	DYN_NOTMUCH(DYN_MEMBER)
	DYN_CXX(DYN_MEMBER)
};
#undef DYN_MEMBER

/*
 * Loads at the first call.  NULL when the library is not there or is too
 * old; dyn_error() then says which, for a person.
 */
const struct dyn_gmime *dyn_gmime(void);
const struct dyn_notmuch *dyn_notmuch(void);
const char *dyn_error(void);

/*
 * notmuch_messages_get(), which alone of what we call lets Xapian's
 * exceptions through: for one it returns NULL, and the database is to be
 * opened again (notmuch_database_reopen() will do) before it is read on.
 */
notmuch_message_t *dyn_messages_get(notmuch_messages_t *ms);
/*
 * A string that is another as soon as libnotmuch opened the database again
 * by itself, deep in a function that reads: results had before are of a
 * revision that is not read any more, and to get one of them could end the
 * process.
 */
const char *dyn_notmuch_view(notmuch_database_t *db);

#endif
