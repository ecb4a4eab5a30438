// SPDX-License-Identifier: GPL-2.0-only
/*
 * iokmem leaks: descriptors that no living process has, neither by a file descriptor nor by a map.
 *
 * A driver may keep such a descriptor on purpose. Memory that a window, or a multi-descriptor, is
 * of is in use as long as that one is.
 */
#include <stdlib.h>
#include <string.h>

#include "iokmem.h"

/* Return true if a living process has a map of the descriptor. */
static bool is_mapped(const struct view *view, const struct desc *desc, bool *by_kernel)
{
	struct map *maps;
	size_t nr, i;

	*by_kernel = false;
	maps = view_maps_of(view, desc->v[D_ID].number, &nr);
	for (i = 0; i < nr; i++) {
		if (!maps[i].v[M_SPACE].known || !strcmp(maps[i].v[M_SPACE].text, "process"))
			return true;
		*by_kernel |= !strcmp(maps[i].v[M_SPACE].text, "kernel");
	}
	return false;
}

static bool is_open(const struct view *view, const struct desc *desc)
{
	size_t nr;

	view_files_of(view, desc->v[D_ID].number, &nr);
	return nr;
}

static void mark(const struct view *view, bool *used, __u64 id)
{
	struct desc *desc = view_desc(view, id);

	if (desc)
		used[desc - view->descs] = true;
}

/* Return an array that says which descriptors a living process has, directly or not. */
static bool *find_used(const struct view *view)
{
	bool *used = zalloc(view->nr_descs, sizeof(*used)), by_kernel;
	size_t i, k;

	for (i = 0; i < view->nr_descs; i++)
		used[i] = is_open(view, &view->descs[i]) ||
			  is_mapped(view, &view->descs[i], &by_kernel);
	/* Neither a parent nor a member is of others. */
	for (i = 0; i < view->nr_descs; i++) {
		const struct desc *desc = &view->descs[i];

		if (!used[i])
			continue;
		mark(view, used, desc->v[D_PARENT].number);
		for (k = 0; k < desc->nr_members; k++)
			mark(view, used, desc->members[k].id);
	}
	return used;
}

/* Return what keeps a descriptor that no process has. */
static const char *keeper(const struct view *view, const struct desc *desc)
{
	bool by_kernel;

	is_mapped(view, desc, &by_kernel);
	if (desc->v[D_DMA_BUFS].number)
		return "dma-buf";
	if (desc->v[D_PREPARED].number || by_kernel)
		return "driver";
	return "driver, or a message in a socket";
}

static void print_json(const struct view *view, const bool *used)
{
	size_t i;

	json_document(view);
	json_begin("leaks", '[');
	for (i = 0; i < view->nr_descs; i++) {
		if (used[i])
			continue;
		json_begin(NULL, '{');
		json_text("kept_by", keeper(view, &view->descs[i]));
		json_desc("descriptor", view, &view->descs[i]);
		json_end('}');
	}
	json_end(']');
	json_document_end();
}

static void print_table(const struct view *view, const bool *used)
{
	static const struct column columns[] = {
		{ "ID", true }, { "KIND" }, { "RESIDENT", true }, { "MAKER" }, { "MADE BY" },
		{ "KEPT BY" },
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	size_t i;

	for (i = 0; i < view->nr_descs; i++) {
		const struct value *v = view->descs[i].v;

		if (used[i])
			continue;
		table_number(table, &v[D_ID]);
		table_text(table, &v[D_KIND]);
		table_size(table, &v[D_RESIDENT]);
		table_text(table, &v[D_MAKER]);
		maker_cell(table, &view->descs[i]);
		table_cell(table, "%s", keeper(view, &view->descs[i]));
	}
	table_print(table, stdout, SIZE_MAX, SIZE_MAX);
	table_free(table);
}

int command_leaks(void)
{
	bool *used, found = false;
	struct view view;
	size_t i;

	view_read(&view);
	if (!view.all)
		die("leaks needs the kernel's list of all descriptors: run it as root");
	used = find_used(&view);
	for (i = 0; i < view.nr_descs; i++)
		found |= !used[i];
	if (options.json)
		print_json(&view, used);
	else if (found)
		print_table(&view, used);
	else
		printf("living processes have all %zu descriptors\n", view.nr_descs);
	free(used);
	view_free(&view);
	return found ? EXIT_FOUND : 0;
}
