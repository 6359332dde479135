/* store: answers of parser and reader, and tables of rows, as lies. */
#include <stdint.h>
#include <stdlib.h>

#include "store/mime_imap.h"
#include "store/mime_place.h"
#include "store/op_list.h"
#include "store/op_msg.h"
#include "store/op_parse.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
answers(const uint8_t *data, size_t n, uint8_t which)
{
	struct list_sidebar side;
	struct list_threads threads;
	struct list_msgs msgs;
	struct parse_row row;
	struct parse_show show;
	struct msg_info info;
	struct chan_in in;

	chan_in_init(&in, data, n);
	switch (which % 6) {
	case 0:
		if (parse_row_get(&in, &row))
			parse_row_clear(&row);
		break;
	case 1:
		if (parse_show_get(&in, &show))
			parse_show_clear(&show);
		break;
	case 2:
		if (list_sidebar_get(&in, &side))
			list_sidebar_clear(&side);
		break;
	case 3:
		if (list_threads_get(&in, &threads))
			list_threads_clear(&threads);
		break;
	case 4:
		if (list_msgs_get(&in, &msgs))
			list_msgs_clear(&msgs);
		break;
	case 5:
		if (msg_open_get(&in, &info))
			msg_info_clear(&info);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mime_place p;
	size_t i, count;

	if (n < 1)
		return 0;
	answers(data + 1, n - 1, data[0]);
	count = mime_places(data, n);
	for (i = 0; i < count; i++)
		if (mime_place(data, n, i, data[0], &p) &&
		    (p.body + p.nbody > data[0] || (i > 0 && p.parent >= i)))
			abort();
	return 0;
}
