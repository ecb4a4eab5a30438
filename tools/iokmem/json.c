// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON for programs. The manual page is the contract: members are only ever added. What the
 * kernel has not told is null.
 */

#include "iokmem.h"

/* The version of the contract. */
#define FORMAT	"iokmem-1"

static bool first = true;
static int depth;

static void begin_member(const char *name)
{
	printf("%s\n%*s", first ? "" : ",", 2 * depth, "");
	first = false;
	if (name)
		printf("\"%s\": ", name);
}

/* Begin an object or an array; without a name, as an element or as the document. */
void json_begin(const char *name, char bracket)
{
	if (depth)
		begin_member(name);
	putchar(bracket);
	depth++;
	first = true;
}

void json_end(char bracket)
{
	depth--;
	if (!first)
		printf("\n%*s", 2 * depth, "");
	putchar(bracket);
	first = false;
}

void json_number(const char *name, __u64 number)
{
	begin_member(name);
	printf("%llu", number);
}

void json_bool(const char *name, bool value)
{
	begin_member(name);
	printf("%s", value ? "true" : "false");
}

void json_null(const char *name)
{
	begin_member(name);
	printf("null");
}

/* A name may have any bytes. Those that are no UTF-8 become U+FFFD. */
void json_text(const char *name, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (!text) {
		json_null(name);
		return;
	}
	begin_member(name);
	putchar('"');
	while (*at) {
		int length = utf8_length(at);

		if (!length)
			printf("\\ufffd");
		else if (*at < ' ' || *at == 0x7f)
			printf("\\u%04x", *at);
		else if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else
			fwrite(at, 1, length, stdout);
		at += length ? length : 1;
	}
	putchar('"');
}

void json_values(const struct key *keys, const struct value *values, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!values[i].known)
			json_null(keys[i].json);
		else if (keys[i].is_text)
			json_text(keys[i].json, values[i].text);
		else
			json_number(keys[i].json, values[i].number);
	}
}

/* Begin a document with what all have. */
void json_document(const struct view *view)
{
	json_begin(NULL, '{');
	json_text("format", FORMAT);
	json_bool("all", view->all);
}

void json_document_end(void)
{
	json_end('}');
	putchar('\n');
}

static void json_pieces(const struct desc *desc)
{
	size_t i;

	json_begin("members", '[');
	for (i = 0; i < desc->nr_members; i++) {
		json_begin(NULL, '{');
		json_number("id", desc->members[i].id);
		json_number("offset", desc->members[i].offset);
		json_number("length", desc->members[i].length);
		json_end('}');
	}
	json_end(']');
	json_begin("holders", '[');
	for (i = 0; i < desc->nr_holders; i++) {
		json_begin(NULL, '{');
		json_number("uid", desc->holders[i].uid);
		json_number("bytes", desc->holders[i].bytes);
		json_end('}');
	}
	json_end(']');
}

static void json_files(const struct view *view, const struct desc *desc)
{
	struct file *files;
	size_t nr, i;

	files = view_files_of(view, desc->v[D_ID].number, &nr);
	json_begin("files", '[');
	for (i = 0; i < nr; i++) {
		struct process *process = view_process(view, files[i].pid);

		json_begin(NULL, '{');
		json_number("pid", files[i].pid);
		json_number("fd", files[i].fd);
		json_text("rights", files[i].rights);
		json_text("comm", process ? process->comm : NULL);
		if (process)
			json_number("uid", process->uid);
		else
			json_null("uid");
		json_end('}');
	}
	json_end(']');
}

/* A descriptor, with its file descriptors. Rights are those of the files. */
void json_desc(const char *name, const struct view *view, const struct desc *desc)
{
	json_begin(name, '{');
	json_values(desc_keys, desc->v, D_RIGHTS);
	json_values(desc_keys + D_RIGHTS + 1, desc->v + D_RIGHTS + 1, NR_DESC_KEYS - D_RIGHTS - 1);
	json_pieces(desc);
	json_files(view, desc);
	json_end('}');
}

void json_map(const struct map *map)
{
	json_begin(NULL, '{');
	json_values(map_keys, map->v, NR_MAP_KEYS);
	json_end('}');
}
