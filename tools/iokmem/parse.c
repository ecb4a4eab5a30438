// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's records: lines of a key and a value, up to an empty line or the end.
 *
 * Nothing that is read is trusted. Keys that are unknown are a newer module's, and are passed
 * over; so are lines that make no sense. Keys that are missing are an older module's: that is
 * said once, and their values are not known.
 */
#include <stdlib.h>
#include <string.h>

#include "iokmem.h"

const struct key desc_keys[NR_DESC_KEYS] = {
	[D_ID]		= { "iokmem-id", "id", false, ALWAYS },
	[D_KIND]	= { "iokmem-kind", "kind", true, ALWAYS },
	[D_CAPACITY]	= { "iokmem-capacity", "capacity", false, ALWAYS },
	[D_LENGTH]	= { "iokmem-length", "length", false, ALWAYS },
	[D_RESIDENT]	= { "iokmem-resident", "resident", false, ALWAYS },
	[D_CHARGED]	= { "iokmem-charged", "charged", false, ALWAYS },
	[D_CACHE]	= { "iokmem-cache", "cache", true, ALWAYS },
	[D_DIRECTION]	= { "iokmem-direction", "direction", true, ALWAYS },
	[D_PREPARED]	= { "iokmem-prepared", "prepared", false, ALWAYS },
	[D_EXTENTS]	= { "iokmem-extents", "extents", false, ALWAYS },
	[D_MAPS]	= { "iokmem-maps", "maps", false, ALWAYS },
	[D_HELD]	= { "iokmem-held", "held", false, ALWAYS },
	[D_DMA_BUFS]	= { "iokmem-dma-bufs", "dma_bufs", false, ALWAYS },
	[D_REVOKED]	= { "iokmem-revoked", "revoked", false, ALWAYS },
	[D_PARENT]	= { "iokmem-parent", "parent", false, SOMETIMES },
	[D_OFFSET]	= { "iokmem-offset", "offset", false, SOMETIMES },
	[D_RIGHTS]	= { "iokmem-rights", "rights", true, IN_FDINFO },
	[D_USERS]	= { "iokmem-users", "users", false, IN_LIST },
	[D_MAKER]	= { "iokmem-maker", "maker", true, IN_LIST },
	[D_MAKER_PID]	= { "iokmem-maker-pid", "maker_pid", false, SOMETIMES },
	[D_MAKER_UID]	= { "iokmem-maker-uid", "maker_uid", false, IN_LIST },
	[D_MAKER_COMM]	= { "iokmem-maker-comm", "maker_comm", true, IN_LIST },
	[D_CHARGED_UID]	= { "iokmem-charged-uid", "charged_uid", false, SOMETIMES },
};

const struct key map_keys[NR_MAP_KEYS] = {
	[M_ID]		= { "iokmem-map", "id", false, ALWAYS },
	[M_MAPPING]	= { "iokmem-map-mapping", "mapping", false, ALWAYS },
	[M_PART]	= { "iokmem-map-part", "part", false, ALWAYS },
	[M_SPACE]	= { "iokmem-map-space", "space", true, ALWAYS },
	[M_PID]		= { "iokmem-map-pid", "pid", false, SOMETIMES },
	[M_COMM]	= { "iokmem-map-comm", "comm", true, SOMETIMES },
	[M_ADDRESS]	= { "iokmem-map-address", "address", false, SOMETIMES },
	[M_OFFSET]	= { "iokmem-map-offset", "offset", false, ALWAYS },
	[M_LENGTH]	= { "iokmem-map-length", "length", false, ALWAYS },
	[M_RIGHTS]	= { "iokmem-map-rights", "rights", true, ALWAYS },
	[M_UNIQUE]	= { "iokmem-map-unique", "unique", false, ALWAYS },
	[M_REFERENCES]	= { "iokmem-map-references", "references", false, ALWAYS },
};

const struct key pool_keys[NR_POOL_KEYS] = {
	[P_CACHE]	= { "iokmem-pool", "cache", true, SOMETIMES },
	[P_USED]	= { "iokmem-pool-used", "used", false, SOMETIMES },
	[P_IDLE]	= { "iokmem-pool-idle", "idle", false, SOMETIMES },
	[P_PEAK]	= { "iokmem-pool-peak", "peak", false, SOMETIMES },
	[P_LEFTOVER]	= { "iokmem-leftover", "leftover", false, SOMETIMES },
	[P_LOST]	= { "iokmem-lost", "lost", false, SOMETIMES },
};

/**
 * struct parser - a file of records, with the lines of the present one
 * @in: the file
 * @line: the line that was read last
 * @room: the size of @line's memory
 * @keys: the keys of the record's lines
 * @texts: their values, each in the memory of its key
 * @nr: how many lines
 */
struct parser {
	FILE *in;
	char *line;
	size_t room;
	char **keys;
	char **texts;
	size_t nr;
};

struct parser *parser_new(FILE *in)
{
	struct parser *parser = zalloc(1, sizeof(*parser));

	parser->in = in;
	return parser;
}

static void forget_record(struct parser *parser)
{
	while (parser->nr)
		free(parser->keys[--parser->nr]);
}

void parser_free(struct parser *parser)
{
	forget_record(parser);
	free(parser->keys);
	free(parser->texts);
	free(parser->line);
	free(parser);
}

/* Take the key and the value of a line that ends with its end, if it is one of ours. */
static void take_line(struct parser *parser)
{
	char *colon, *key;

	if (strncmp(parser->line, "iokmem-", strlen("iokmem-")))
		return;
	colon = strstr(parser->line, ":\t");
	if (!colon)
		return;
	key = copy_of(parser->line);
	parser->keys = grow(parser->keys, parser->nr, sizeof(*parser->keys));
	parser->texts = grow(parser->texts, parser->nr, sizeof(*parser->texts));
	parser->keys[parser->nr] = key;
	key[colon - parser->line] = 0;
	parser->texts[parser->nr] = key + (colon - parser->line) + strlen(":\t");
	parser->nr++;
}

/*
 * Go to the next record. Return false if there is none. A record that the file ends within is
 * complete except for a last line without an end, which is not taken.
 */
bool parser_next(struct parser *parser)
{
	ssize_t length;

	forget_record(parser);
	while ((length = getline(&parser->line, &parser->room, parser->in)) > 0) {
		if (parser->line[length - 1] != '\n')
			break;
		parser->line[--length] = 0;
		/* A line with a zero in it is not the kernel's. */
		if (strlen(parser->line) != (size_t)length)
			continue;
		if (!length && parser->nr)
			return true;
		take_line(parser);
	}
	return parser->nr;
}

static void value_set(struct value *value, const struct key *key, const char *text)
{
	__u64 number;

	if (key->is_text) {
		free(value->text);
		value->text = copy_of(text);
		value->known = true;
	} else if (parse_number(text, &number)) {
		value->number = number;
		value->known = true;
	}
}

/* Say once of each key that the module does not tell it. */
static void say_missing(const char *name)
{
	static const char *said[NR_DESC_KEYS + NR_MAP_KEYS];
	static size_t nr;
	size_t i;

	for (i = 0; i < nr; i++)
		if (said[i] == name)
			return;
	said[nr++] = name;
	warn("the kernel does not tell %s: is the module older than this program?", name);
}

static void take_values(const struct parser *parser, const struct key *keys, struct value *values,
			size_t nr)
{
	size_t i, k;

	for (i = 0; i < parser->nr; i++)
		for (k = 0; k < nr; k++)
			if (!strcmp(parser->keys[i], keys[k].name))
				value_set(&values[k], &keys[k], parser->texts[i]);
}

static void check_missing(const struct key *keys, const struct value *values, size_t nr,
			  bool listed)
{
	size_t k;

	for (k = 0; k < nr; k++)
		if (!values[k].known && (keys[k].when == ALWAYS ||
					 keys[k].when == (listed ? IN_LIST : IN_FDINFO)))
			say_missing(keys[k].name);
}

static void take_member(struct desc *desc, const char *text)
{
	struct member member;
	char end;

	if (sscanf(text, "%llu %llu %llu%c", &member.id, &member.offset,
		   &member.length, &end) != 3)
		return;
	desc->members = grow(desc->members, desc->nr_members, sizeof(member));
	desc->members[desc->nr_members++] = member;
}

static void take_holder(struct desc *desc, const char *text)
{
	struct holder holder;
	char end;

	if (sscanf(text, "%llu %llu%c", &holder.uid, &holder.bytes, &end) != 2)
		return;
	desc->holders = grow(desc->holders, desc->nr_holders, sizeof(holder));
	desc->holders[desc->nr_holders++] = holder;
}

/* Return true if the record is one of a descriptor, and fill it in. */
bool parser_desc(struct parser *parser, bool listed, struct desc *desc)
{
	size_t i;

	*desc = (struct desc){};
	take_values(parser, desc_keys, desc->v, NR_DESC_KEYS);
	/* A descriptor has a number, which is not 0. */
	if (!desc->v[D_ID].number) {
		desc_free(desc);
		return false;
	}
	check_missing(desc_keys, desc->v, NR_DESC_KEYS, listed);
	for (i = 0; i < parser->nr; i++) {
		if (!strcmp(parser->keys[i], "iokmem-member"))
			take_member(desc, parser->texts[i]);
		else if (!strcmp(parser->keys[i], "iokmem-holder"))
			take_holder(desc, parser->texts[i]);
	}
	return true;
}

/* Return true if the record is one of a map, and fill it in. */
bool parser_map(struct parser *parser, struct map *map)
{
	*map = (struct map){};
	take_values(parser, map_keys, map->v, NR_MAP_KEYS);
	if (!map->v[M_ID].number) {
		map_free(map);
		return false;
	}
	check_missing(map_keys, map->v, NR_MAP_KEYS, true);
	return true;
}

/* Return true if the record is one of the pools, and fill it in. */
bool parser_pool(struct parser *parser, struct pool *pool)
{
	size_t k;

	*pool = (struct pool){};
	take_values(parser, pool_keys, pool->v, NR_POOL_KEYS);
	for (k = 0; k < NR_POOL_KEYS; k++)
		if (pool->v[k].known)
			return true;
	return false;
}

void values_free(struct value *values, size_t nr)
{
	while (nr--)
		free(values[nr].text);
}

void desc_free(struct desc *desc)
{
	values_free(desc->v, NR_DESC_KEYS);
	free(desc->members);
	free(desc->holders);
}

void map_free(struct map *map)
{
	values_free(map->v, NR_MAP_KEYS);
}
