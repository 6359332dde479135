#include "mailnode/auth/trace.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"

void
trace_init(struct trace *t)
{
	buf_init(&t->out, TRACE_MAX);
}

void
trace_clear(struct trace *t)
{
	buf_clear(&t->out);
}

void
trace_begin(struct trace *t, const char *step)
{
	if (t == NULL)
		return;
	buf_adds(&t->out, "{\"step\":");
	json_string(&t->out, step);
}

void
trace_str(struct trace *t, const char *key, const char *value)
{
	if (t == NULL)
		return;
	buf_addf(&t->out, ",\"%s\":", key);
	json_string(&t->out, value);
}

void
trace_num(struct trace *t, const char *key, uint64_t value)
{
	if (t != NULL)
		buf_addf(&t->out, ",\"%s\":%llu", key,
		    (unsigned long long)value);
}

void
trace_bool(struct trace *t, const char *key, bool value)
{
	if (t != NULL)
		buf_addf(&t->out, ",\"%s\":%s", key, value ? "true" :
		    "false");
}

void
trace_bytes(struct trace *t, const char *key, const void *p, size_t n)
{
	if (t == NULL)
		return;
	if (codec_utf8_ok(p, n)) {
		buf_addf(&t->out, ",\"%s\":", key);
		json_bytes(&t->out, p, n);
		return;
	}
	buf_addf(&t->out, ",\"%s-base64\":\"", key);
	codec_base64_put(&t->out, p, n);
	buf_addc(&t->out, '"');
}

void
trace_hex(struct trace *t, const char *key, const void *p, size_t n)
{
	if (t == NULL)
		return;
	buf_addf(&t->out, ",\"%s\":\"", key);
	codec_hex_put(&t->out, p, n);
	buf_addc(&t->out, '"');
}

void
trace_end(struct trace *t)
{
	if (t != NULL)
		buf_adds(&t->out, "}\n");
}
