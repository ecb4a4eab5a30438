// SPDX-License-Identifier: GPL-2.0-only
/* iokmem list: a line for each descriptor. */
#include <stdlib.h>

#include "iokmem.h"

static const struct column columns[] = {
	{ "ID", true }, { "KIND" }, { "LENGTH", true }, { "RESIDENT", true }, { "CACHE" },
	{ "DIR" }, { "MAPS", true }, { "FILES", true }, { "HELD", true }, { "DMABUFS", true },
	{ "USER" }, { "MADE BY" }, { "STATE" },
};

/* Show the maker of the descriptor. Only the administrator is told. */
void maker_cell(struct table *table, const struct desc *desc)
{
	const struct value *v = desc->v;

	if (!v[D_MAKER_COMM].known)
		table_cell(table, "-");
	else if (v[D_MAKER_PID].known)
		table_cell(table, "%s[%llu]", v[D_MAKER_COMM].text, v[D_MAKER_PID].number);
	else
		table_cell(table, "kernel: %s", v[D_MAKER_COMM].text);
}

static void state_cell(struct table *table, const struct desc *desc)
{
	const char *revoked = desc->v[D_REVOKED].number ? "revoked " : "";

	if (desc->v[D_PARENT].known)
		table_cell(table, "%sin %llu at %llu", revoked, desc->v[D_PARENT].number,
			   desc->v[D_OFFSET].number);
	else if (desc->nr_members)
		table_cell(table, "%sof %zu pieces", revoked, desc->nr_members);
	else
		table_cell(table, "%s", revoked);
}

static void row(struct table *table, const struct view *view, const struct desc *desc)
{
	const struct value *v = desc->v;
	size_t nr_files;

	view_files_of(view, v[D_ID].number, &nr_files);
	table_number(table, &v[D_ID]);
	table_text(table, &v[D_KIND]);
	table_size(table, &v[D_LENGTH]);
	table_size(table, &v[D_RESIDENT]);
	table_text(table, &v[D_CACHE]);
	table_text(table, &v[D_DIRECTION]);
	table_number(table, &v[D_MAPS]);
	table_cell(table, "%zu", nr_files);
	table_number(table, &v[D_HELD]);
	table_number(table, &v[D_DMA_BUFS]);
	if (v[D_MAKER_UID].known)
		table_cell(table, "%s", user_name(v[D_MAKER_UID].number));
	else
		table_cell(table, "-");
	maker_cell(table, desc);
	state_cell(table, desc);
}

static void print_json(const struct view *view)
{
	size_t i;

	json_document(view);
	json_begin("descriptors", '[');
	for (i = 0; i < view->nr_descs; i++)
		json_desc(NULL, view, &view->descs[i]);
	json_end(']');
	json_begin("pools", '[');
	for (i = 0; i < view->nr_pools; i++) {
		json_begin(NULL, '{');
		json_values(pool_keys, view->pools[i].v, NR_POOL_KEYS);
		json_end('}');
	}
	json_end(']');
	json_document_end();
}

int command_list(void)
{
	struct table *table;
	struct view view;
	size_t i;

	view_read(&view);
	if (options.json) {
		print_json(&view);
	} else {
		table = table_new(columns, ARRAY_SIZE(columns));
		for (i = 0; i < view.nr_descs; i++)
			row(table, &view, &view.descs[i]);
		table_print(table, stdout, SIZE_MAX, SIZE_MAX);
		table_free(table);
	}
	view_free(&view);
	return 0;
}
