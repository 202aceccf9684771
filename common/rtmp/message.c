/* SPDX-License-Identifier: ISC */
/*
 * message.c - bodies of control messages, and the walk through aggregates.
 * Reads nothing past rm_len. An aggregate within an aggregate is stepped
 * over, so that whoever dispatches the parts cannot be made to recurse.
 */
#include "rtmp/message.h"

#include "rtmp/bytes.h"

#define TAG_HEADER	11	/* as in an FLV file */
#define BACK_POINTER	4
#define LIMIT_DYNAMIC	2

size_t
control_u32(uint8_t body[CONTROL_MAX], uint32_t v)
{
	put_be32(body, v);
	return 4;
}

size_t
control_peer_bandwidth(uint8_t body[CONTROL_MAX], uint32_t bytes)
{
	put_be32(body, bytes);
	body[4] = LIMIT_DYNAMIC;
	return 5;
}

size_t
control_event(uint8_t body[CONTROL_MAX], enum rtmp_event ev, uint32_t value)
{
	put_be16(body, ev);
	put_be32(body + 2, value);
	return 6;
}

enum rtmp_result
control_get_u32(const struct rtmp_msg *m, uint32_t *v)
{
	if (m->rm_len < 4)
		return RTMP_BAD;
	*v = get_be32(m->rm_data);
	return RTMP_OK;
}

enum rtmp_result
control_get_event(const struct rtmp_msg *m, uint16_t *ev, uint32_t *value)
{
	if (m->rm_len != 2 && m->rm_len < 6)
		return RTMP_BAD;
	*ev = (uint16_t)get_be16(m->rm_data);
	*value = m->rm_len == 2 ? 0 : get_be32(m->rm_data + 2);
	return RTMP_OK;
}

static uint32_t
tag_ts(const uint8_t *tag)
{
	return (uint32_t)tag[7] << 24 | get_be24(tag + 4);
}

enum rtmp_result
aggregate_next(const struct rtmp_msg *agg, size_t *off, struct rtmp_msg *sub)
{
	const uint8_t	*tag;
	size_t		 left, len;

	while (*off < agg->rm_len) {
		tag = agg->rm_data + *off;
		left = agg->rm_len - *off;
		if (left < TAG_HEADER)
			break;
		len = get_be24(tag + 1);
		if (left - TAG_HEADER < len)
			break;
		*off += TAG_HEADER + len + BACK_POINTER;
		if (tag[0] == RTMP_AGGREGATE)
			continue;
		*sub = *agg;
		sub->rm_type = tag[0];
		sub->rm_data = tag + TAG_HEADER;
		sub->rm_len = (uint32_t)len;
		sub->rm_ts += tag_ts(tag) - tag_ts(agg->rm_data);
		return RTMP_OK;
	}
	*off = agg->rm_len;
	return RTMP_END;
}
