// SPDX-License-Identifier: GPL-2.0-only
/* Tables for people: columns as wide as their widest cell. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iokmem.h"

struct table {
	const struct column *columns;
	size_t nr_columns;
	char **cells;
	size_t nr_cells;
};

const char *colour_bold = "", *colour_warn = "", *colour_off = "";

/* Use colours only on a terminal that has some, and where nobody objects (no-color.org). */
bool use_colour(FILE *out)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	if (!isatty(fileno(out)) || (no_colour && *no_colour) || !term || !strcmp(term, "dumb"))
		return false;
	colour_bold = "\033[1m";
	colour_warn = "\033[31m";
	colour_off = "\033[0m";
	return true;
}

struct table *table_new(const struct column *columns, size_t nr)
{
	struct table *table = zalloc(1, sizeof(*table));

	table->columns = columns;
	table->nr_columns = nr;
	return table;
}

/* Add a cell, which may contain what a program has chosen. */
void table_cell(struct table *table, const char *format, ...)
{
	char *text, *escaped;
	va_list args;
	size_t size;
	FILE *out;

	va_start(args, format);
	text = vtext_of(format, args);
	va_end(args);
	out = open_memstream(&escaped, &size);
	if (!out)
		die("no memory");
	put_escaped(out, text);
	fclose(out);
	free(text);
	table->cells = grow(table->cells, table->nr_cells, sizeof(*table->cells));
	table->cells[table->nr_cells++] = escaped;
}

void table_number(struct table *table, const struct value *value)
{
	if (value->known)
		table_cell(table, "%llu", value->number);
	else
		table_cell(table, "-");
}

void table_size(struct table *table, const struct value *value)
{
	char text[32];

	table_cell(table, "%s", value->known ? size_text(value->number, text, sizeof(text)) : "-");
}

void table_text(struct table *table, const struct value *value)
{
	table_cell(table, "%s", value->known ? value->text : "-");
}

static size_t width_of(const struct table *table, size_t column)
{
	size_t width = strlen(table->columns[column].title), i;

	for (i = column; i < table->nr_cells; i += table->nr_columns) {
		size_t here = strlen(table->cells[i]);

		width = here > width ? here : width;
	}
	return width;
}

/* Print a row, at most @room characters of it. */
static void print_row(const struct table *table, FILE *out, const size_t *widths,
		      char *const *cells, size_t room)
{
	char *line = NULL;
	size_t size, i;
	FILE *text = open_memstream(&line, &size);

	if (!text)
		die("no memory");
	for (i = 0; i < table->nr_columns; i++) {
		const struct column *column = &table->columns[i];
		const char *cell = cells ? cells[i] : column->title;
		bool last = i == table->nr_columns - 1;

		fprintf(text, "%*s%s", column->right ? (int)widths[i] : last ? 0 : -(int)widths[i],
			cell, last ? "" : "  ");
	}
	fclose(text);
	while (size && line[size - 1] == ' ')
		line[--size] = 0;
	fprintf(out, "%.*s", (int)room, line);
	free(line);
}

/* Print at most @lines rows, of @width characters; SIZE_MAX: there is no limit. */
void table_print(struct table *table, FILE *out, size_t lines, size_t width)
{
	size_t *widths = zalloc(table->nr_columns, sizeof(*widths)), i;
	size_t room = width > INT32_MAX ? INT32_MAX : width;

	for (i = 0; i < table->nr_columns; i++)
		widths[i] = width_of(table, i);
	fputs(colour_bold, out);
	print_row(table, out, widths, NULL, room);
	fprintf(out, "%s\n", colour_off);
	for (i = 0; i < table->nr_cells && i / table->nr_columns < lines; i += table->nr_columns) {
		print_row(table, out, widths, table->cells + i, room);
		fputc('\n', out);
	}
	free(widths);
}

void table_free(struct table *table)
{
	while (table->nr_cells)
		free(table->cells[--table->nr_cells]);
	free(table->cells);
	free(table);
}
