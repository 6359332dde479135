#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/node/alarm.h"

static size_t
find(const struct alarms *a, enum role role, const char *text)
{
	size_t i;

	for (i = 0; i < ALARM_MAX; i++)
		if (a->at[i].since != 0 && a->at[i].role == role &&
		    strncmp(a->at[i].text, text, ALARM_TEXT - 1) == 0)
			break;
	return i;
}

static size_t
place(const struct alarms *a)
{
	size_t i, oldest = 0;

	for (i = 0; i < ALARM_MAX; i++) {
		if (a->at[i].since == 0)
			return i;
		if (a->at[i].since < a->at[oldest].since)
			oldest = i;
	}
	return oldest;
}

void
alarm_raise(struct alarms *a, enum role role, const char *text)
{
	size_t i = find(a, role, text);

	if (i < ALARM_MAX) {
		a->at[i].times++;
		return;
	}
	i = place(a);
	a->at[i].since = clock_wall_s();
	a->at[i].times = 1;
	a->at[i].role = role;
	snprintf(a->at[i].text, ALARM_TEXT, "%s", text);
}

void
alarm_clear(struct alarms *a, enum role role, const char *text)
{
	size_t i = find(a, role, text);

	if (i < ALARM_MAX)
		a->at[i].since = 0;
}

void
alarm_clear_role(struct alarms *a, enum role role)
{
	size_t i;

	for (i = 0; i < ALARM_MAX; i++)
		if (a->at[i].role == role)
			a->at[i].since = 0;
}

void
alarm_print(const struct alarms *a, struct buf *b)
{
	size_t i;

	for (i = 0; i < ALARM_MAX; i++) {
		if (a->at[i].since == 0)
			continue;
		buf_addf(b, "{\"type\":\"alarm\",\"role\":\"%s\",\"since\":%lld,"
		    "\"times\":%u,\"text\":", role_name(a->at[i].role),
		    (long long)a->at[i].since, a->at[i].times);
		json_string(b, a->at[i].text);
		buf_adds(b, "}\n");
	}
}
