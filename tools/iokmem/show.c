// SPDX-License-Identifier: GPL-2.0-only
/* iokmem show: all that is known of one descriptor. */

#include "iokmem.h"

static void show_values(const struct desc *desc)
{
	char text[32];
	size_t i;

	for (i = 0; i < NR_DESC_KEYS; i++) {
		const struct value *value = &desc->v[i];
		bool is_size = i >= D_CAPACITY && i <= D_CHARGED;

		if (!value->known)
			continue;
		printf("%s%-12s%s ", colour_bold, desc_keys[i].name + sizeof("iokmem"), colour_off);
		if (desc_keys[i].is_text)
			put_escaped(stdout, value->text);
		else
			printf("%llu", value->number);
		if (is_size && value->number >= 1024)
			printf(" (%s)", size_text(value->number, text, sizeof(text)));
		putchar('\n');
	}
}

static void show_pieces(const struct view *view, const struct desc *desc)
{
	size_t i;

	for (i = 0; i < desc->nr_members; i++)
		printf("member       %llu, %llu bytes from %llu\n",
		       desc->members[i].id, desc->members[i].length, desc->members[i].offset);
	for (i = 0; i < desc->nr_holders; i++)
		printf("holder       %s, charged %llu bytes\n",
		       user_name(desc->holders[i].uid), desc->holders[i].bytes);
	for (i = 0; i < view->nr_descs; i++)
		if (view->descs[i].v[D_PARENT].number == desc->v[D_ID].number)
			printf("window       %llu, %llu bytes from %llu\n",
			       view->descs[i].v[D_ID].number, view->descs[i].v[D_LENGTH].number,
			       view->descs[i].v[D_OFFSET].number);
}

static void show_files(const struct view *view, const struct desc *desc)
{
	static const struct column columns[] = {
		{ "PID", true }, { "USER" }, { "COMMAND" }, { "FD", true }, { "RIGHTS" },
	};
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	struct file *files;
	size_t nr, i;

	files = view_files_of(view, desc->v[D_ID].number, &nr);
	for (i = 0; i < nr; i++) {
		struct process *process = view_process(view, files[i].pid);

		table_cell(table, "%d", files[i].pid);
		table_cell(table, "%s", process ? user_name(process->uid) : "-");
		table_cell(table, "%s", process ? process->comm : "-");
		table_cell(table, "%d", files[i].fd);
		table_cell(table, "%s", files[i].rights ? files[i].rights : "-");
	}
	printf("\nfile descriptors: %zu\n", nr);
	if (nr)
		table_print(table, stdout, SIZE_MAX, SIZE_MAX);
	table_free(table);
}

static void print_json(const struct view *view, const struct desc *desc)
{
	struct map *maps;
	size_t nr, i;

	json_document(view);
	json_desc("descriptor", view, desc);
	json_begin("windows", '[');
	for (i = 0; i < view->nr_descs; i++)
		if (view->descs[i].v[D_PARENT].number == desc->v[D_ID].number)
			json_number(NULL, view->descs[i].v[D_ID].number);
	json_end(']');
	json_begin("maps", '[');
	maps = view_maps_of(view, desc->v[D_ID].number, &nr);
	for (i = 0; i < nr; i++)
		json_map(&maps[i]);
	json_end(']');
	json_document_end();
}

int command_show(void)
{
	__u64 id = wanted_id();
	struct desc *desc;
	struct view view;
	struct map *maps;
	size_t nr;

	view_read(&view);
	desc = view_wanted(&view, id);
	if (options.json) {
		print_json(&view, desc);
	} else {
		show_values(desc);
		show_pieces(&view, desc);
		show_files(&view, desc);
		maps = view_maps_of(&view, desc->v[D_ID].number, &nr);
		printf("\nmaps: %zu\n", nr);
		if (nr)
			maps_table(maps, nr);
	}
	view_free(&view);
	return 0;
}
