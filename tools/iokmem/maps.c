// SPDX-License-Identifier: GPL-2.0-only
/* iokmem maps: a line for each map. */
#include <string.h>

#include "iokmem.h"

static const struct column columns[] = {
	{ "ID", true }, { "PID", true }, { "COMMAND" }, { "ADDRESS", true }, { "OFFSET", true },
	{ "LENGTH", true }, { "RIGHTS" }, { "REFS", true }, { "STATE" },
};

static void space_cells(struct table *table, const struct map *map)
{
	const struct value *v = map->v;

	if (v[M_PID].known)
		table_number(table, &v[M_PID]);
	else
		table_cell(table, "-");
	if (v[M_COMM].known)
		table_text(table, &v[M_COMM]);
	else
		table_cell(table, "(%s)", v[M_SPACE].known ? v[M_SPACE].text : "?");
	if (v[M_ADDRESS].known)
		table_cell(table, "%#llx", v[M_ADDRESS].number);
	else
		table_cell(table, "-");
}

void maps_table(const struct map *maps, size_t nr)
{
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;

	for (i = 0; i < nr; i++) {
		const struct value *v = maps[i].v;

		table_number(table, &v[M_ID]);
		space_cells(table, &maps[i]);
		table_number(table, &v[M_OFFSET]);
		table_number(table, &v[M_LENGTH]);
		table_text(table, &v[M_RIGHTS]);
		table_number(table, &v[M_REFERENCES]);
		table_cell(table, "%s%s", v[M_UNIQUE].number ? "unique " : "",
			   v[M_PART].number ? "inside another map" : "");
	}
	table_print(table, stdout, SIZE_MAX, SIZE_MAX);
	table_free(table);
}

int command_maps(void)
{
	struct view view;
	size_t i;

	view_read(&view);
	if (options.json) {
		json_document(&view);
		json_begin("maps", '[');
		for (i = 0; i < view.nr_maps; i++)
			json_map(&view.maps[i]);
		json_end(']');
		json_document_end();
	} else {
		maps_table(view.maps, view.nr_maps);
	}
	view_free(&view);
	return 0;
}
