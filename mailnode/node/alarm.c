#include <stdio.h>
#include <string.h>

#include "mailnode/base/clock.h"
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
		a->at[i].raised_ms = clock_mono_ms();
		return;
	}
	i = place(a);
	a->at[i].since = clock_wall_s();
	a->at[i].raised_ms = clock_mono_ms();
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
alarm_clear_role(struct alarms *a, enum role role, int64_t before_ms)
{
	size_t i;

	for (i = 0; i < ALARM_MAX; i++)
		if (a->at[i].role == role && a->at[i].raised_ms < before_ms)
			a->at[i].since = 0;
}
