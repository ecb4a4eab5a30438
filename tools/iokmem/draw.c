// SPDX-License-Identifier: GPL-2.0-only
/*
 * iokmem draw: a picture of one descriptor, as SVG. Its bytes run from left to right. Below them
 * are the windows of it, and then the address spaces, each with its maps of the bytes.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "iokmem.h"

#define WIDTH		1060
#define LEFT		250	/* where byte 0 is */
#define BYTES_WIDTH	780
#define TOP		104	/* where the rows begin */
#define ROW		24
#define BAR		16
#define LEGEND		60	/* its height */
/* More rows than these are counted, not drawn. */
#define MAX_ROWS	200

/**
 * struct picture - the picture so far
 * @view: what is drawn
 * @desc: the descriptor that has the bytes
 * @wanted: the descriptor that was asked for: @desc, or a window of it
 * @bytes: how many bytes there are
 * @y: where the next row begins
 * @rows: how many rows there are
 * @left_out: how many rows there is no room for
 */
struct picture {
	const struct view *view;
	const struct desc *desc;
	const struct desc *wanted;
	__u64 bytes;
	int y;
	int rows;
	int left_out;
};

/* Where the picture is drawn: in memory, until its height is known. */
static FILE *out;

static void put_text(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		int length = utf8_length(at);

		switch (*at) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		default:
			if (!length || *at < ' ' || *at == 0x7f)
				putc('?', out);
			else
				fwrite(at, 1, length, out);
		}
		at += length ? length : 1;
	}
}

__attribute__((format(printf, 4, 5)))
static void text_at(double x, double y, const char *class, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = vtext_of(format, args);
	va_end(args);
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	put_text(text);
	fprintf(out, "</text>\n");
	free(text);
}

static double x_of(const struct picture *picture, __u64 offset)
{
	if (!picture->bytes)
		return LEFT;
	if (offset > picture->bytes)
		offset = picture->bytes;
	return LEFT + (double)offset / picture->bytes * BYTES_WIDTH;
}

static void draw_rect(double x, int y, double width, int height, const char *class)
{
	fprintf(out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\"/>\n",
		x, y, width, height, class);
}

static void draw_line(double x1, int y1, double x2, int y2, const char *class)
{
	fprintf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"%s\"/>\n",
		x1, y1, x2, y2, class);
}

/* Draw a bar over the bytes. What is too short to be seen is a line. */
static void bar(const struct picture *picture, __u64 offset, __u64 length, const char *class)
{
	double x = x_of(picture, offset), end;

	end = length > picture->bytes - (offset < picture->bytes ? offset : picture->bytes) ?
	      LEFT + BYTES_WIDTH : x_of(picture, offset + length);
	draw_rect(x, picture->y, end - x < 2 ? 2 : end - x, BAR, class);
}

/* Begin a row, which has a label. Return false if there is no room any more. */
static bool begin_row(struct picture *picture)
{
	if (picture->rows >= MAX_ROWS) {
		picture->left_out++;
		return false;
	}
	picture->rows++;
	return true;
}

static void end_row(struct picture *picture)
{
	picture->y += ROW;
}

/* Write into a bar, or beside it where it is short. */
__attribute__((format(printf, 4, 5)))
static void label_bar(const struct picture *picture, __u64 offset, __u64 length,
		      const char *format, ...)
{
	double x = x_of(picture, offset), end = x_of(picture, offset + length), width;
	va_list args;
	char *text;

	va_start(args, format);
	text = vtext_of(format, args);
	va_end(args);
	width = 6.2 * strlen(text) + 8;
	if (end - x >= width)
		text_at(x + 4, picture->y + 12, "in", "%s", text);
	else if (LEFT + BYTES_WIDTH - end >= width)
		text_at(end + 4, picture->y + 12, "out", "%s", text);
	else
		text_at(x - width + 4, picture->y + 12, "out", "%s", text);
	free(text);
}

static const char *name_of_kind(const struct desc *desc)
{
	return desc->v[D_KIND].known ? desc->v[D_KIND].text : "unknown";
}

static const char *cache_of(const struct desc *desc)
{
	return desc->v[D_CACHE].known ? desc->v[D_CACHE].text : "unknown";
}

static void draw_title(struct picture *picture)
{
	const struct value *v = picture->desc->v;
	char length[32], resident[32];

	text_at(20, 32, "title", "Descriptor %llu: %s, %s, %s", v[D_ID].number,
		name_of_kind(picture->desc), size_text(v[D_LENGTH].number, length, sizeof(length)),
		cache_of(picture->desc));
	text_at(20, 54, "out",
		"direction %s, %s resident, extents: %llu, holds: %llu, dma-bufs: %llu%s",
		v[D_DIRECTION].known ? v[D_DIRECTION].text : "unknown",
		size_text(v[D_RESIDENT].number, resident, sizeof(resident)), v[D_EXTENTS].number,
		v[D_HELD].number, v[D_DMA_BUFS].number, v[D_REVOKED].number ? ", revoked" : "");
	if (v[D_MAKER_COMM].known)
		text_at(20, 72, "out", "made by %s, user %s%s", v[D_MAKER_COMM].text,
			user_name(v[D_MAKER_UID].number),
			v[D_MAKER].known && !strcmp(v[D_MAKER].text, "exited") ?
			", which has exited" : "");
	picture->y = TOP;
}

/* Draw the scale, and lines from there to the lowest row. They are behind everything else. */
static void draw_scale(const struct picture *picture)
{
	char text[32];
	int i;

	for (i = 0; i <= 4; i++) {
		__u64 offset = picture->bytes / 4 * i + picture->bytes % 4 * i / 4;
		double x = x_of(picture, offset);

		draw_line(x, TOP, x, picture->y, "grid");
		text_at(x, TOP - 5, "scale", "%s", size_text(offset, text, sizeof(text)));
	}
}

/* The bytes: those up to the length, and those that are left of the capacity. */
static void draw_memory(struct picture *picture)
{
	const struct desc *desc = picture->desc;
	char class[64];
	size_t i;
	__u64 at = 0;

	begin_row(picture);
	text_at(LEFT - 12, picture->y + 12, "label", "memory");
	if (desc->v[D_CAPACITY].number > desc->v[D_LENGTH].number)
		bar(picture, 0, picture->bytes, "rest");
	snprintf(class, sizeof(class), "memory %s", cache_of(desc));
	bar(picture, 0, desc->v[D_LENGTH].number, class);
	if (!desc->nr_members)
		label_bar(picture, 0, desc->v[D_LENGTH].number, "%s", cache_of(desc));
	for (i = 0; i < desc->nr_members && at < picture->bytes; i++) {
		const struct member *member = &desc->members[i];

		bar(picture, at, member->length, "piece");
		if (x_of(picture, at + member->length) - x_of(picture, at) > 60)
			label_bar(picture, at, member->length, "of %llu", member->id);
		at += member->length;
	}
	end_row(picture);
}

static void draw_windows(struct picture *picture)
{
	size_t i;

	for (i = 0; i < picture->view->nr_descs; i++) {
		const struct value *v = picture->view->descs[i].v;
		bool wanted = &picture->view->descs[i] == picture->wanted;

		if (v[D_PARENT].number != picture->desc->v[D_ID].number || !begin_row(picture))
			continue;
		text_at(LEFT - 12, picture->y + 12, wanted ? "label wanted" : "label",
			"window %llu", v[D_ID].number);
		bar(picture, v[D_OFFSET].number, v[D_LENGTH].number, "window");
		label_bar(picture, v[D_OFFSET].number, v[D_LENGTH].number,
			  "%llu bytes from %llu", v[D_LENGTH].number, v[D_OFFSET].number);
		end_row(picture);
	}
}

/* Draw which bytes multi-descriptors are of. */
static void draw_multis(struct picture *picture)
{
	size_t i, k;

	for (i = 0; i < picture->view->nr_descs; i++) {
		const struct desc *multi = &picture->view->descs[i];

		for (k = 0; k < multi->nr_members; k++) {
			const struct member *member = &multi->members[k];

			if (member->id != picture->desc->v[D_ID].number || !begin_row(picture))
				continue;
			text_at(LEFT - 12, picture->y + 12, "label", "part of multi %llu",
				multi->v[D_ID].number);
			bar(picture, member->offset, member->length, "window");
			end_row(picture);
		}
	}
}

static void draw_map(struct picture *picture, const struct map *map)
{
	const struct value *v = map->v;
	bool read_only = v[M_RIGHTS].known && !strcmp(v[M_RIGHTS].text, "ro");
	__u64 offset = v[M_OFFSET].number;
	char class[64], *address;

	if (!begin_row(picture))
		return;
	snprintf(class, sizeof(class), "map %s%s%s", read_only ? "ro" : "rw",
		 v[M_PART].number ? " part" : "", v[M_OFFSET].known ? "" : " somewhere");
	address = v[M_ADDRESS].known ? text_of("%#llx", v[M_ADDRESS].number) : copy_of("kernel");
	bar(picture, offset, v[M_LENGTH].number, class);
	if (v[M_REFERENCES].known)
		label_bar(picture, offset, v[M_LENGTH].number, "%s, %s%s%s, references %llu",
			  address, read_only ? "read-only" : "read and write",
			  v[M_UNIQUE].number ? ", unique" : "",
			  v[M_PART].number ? ", inside the map above" : "", v[M_REFERENCES].number);
	else
		label_bar(picture, offset, v[M_LENGTH].number, "%s, %s, offset not known", address,
			  read_only ? "read-only" : "read and write");
	end_row(picture);
	free(address);
}

/* Tell which file descriptors of the memory, or of a window, a process has. */
static void draw_files(struct picture *picture, __u64 pid)
{
	const struct view *view = picture->view;
	bool found = false;
	size_t i;

	for (i = 0; i < view->nr_files; i++) {
		const struct file *file = &view->files[i];
		struct desc *of = view_desc(view, file->id);
		__u64 id = picture->desc->v[D_ID].number;

		if ((__u64)file->pid != pid ||
		    (file->id != id && (!of || of->v[D_PARENT].number != id)))
			continue;
		if (!found && !begin_row(picture))
			return;
		if (!found)
			fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"out\">", LEFT + 4,
				picture->y + 12);
		fprintf(out, "%sfd %d ", found ? "; " : "", file->fd);
		if (file->id != id)
			fprintf(out, "of window %llu ", file->id);
		put_text(file->rights ? file->rights : "");
		found = true;
	}
	if (!found)
		return;
	fprintf(out, "</text>\n");
	end_row(picture);
}

static bool has_file(const struct picture *picture, __u64 pid)
{
	size_t nr, i, k;

	for (i = 0; i < picture->view->nr_descs; i++) {
		const struct desc *desc = &picture->view->descs[i];
		struct file *files;

		if (desc != picture->desc &&
		    desc->v[D_PARENT].number != picture->desc->v[D_ID].number)
			continue;
		files = view_files_of(picture->view, desc->v[D_ID].number, &nr);
		for (k = 0; k < nr; k++)
			if ((__u64)files[k].pid == pid)
				return true;
	}
	return false;
}

/* Draw an address space: the file descriptors of its process, and the maps. */
static void draw_space(struct picture *picture, __u64 pid, const struct map *maps, size_t nr)
{
	struct process *process = pid ? view_process(picture->view, pid) : NULL;
	int top = picture->y + 4;
	size_t i;

	picture->y += 12;
	if (process)
		text_at(LEFT - 12, picture->y + 12, "label", "%.20s [%llu] %s", process->comm,
			pid, user_name(process->uid));
	else if (pid)
		text_at(LEFT - 12, picture->y + 12, "label", "process %llu", pid);
	else
		text_at(LEFT - 12, picture->y + 12, "label", "the kernel");
	if (pid)
		draw_files(picture, pid);
	for (i = 0; i < nr; i++)
		draw_map(picture, &maps[i]);
	draw_line(20, top, WIDTH - 20, top, "border");
}

static void draw_spaces(struct picture *picture)
{
	const struct view *view = picture->view;
	struct map *maps;
	size_t nr, i = 0, end, p;

	maps = view_maps_of(view, picture->desc->v[D_ID].number, &nr);
	/* They are sorted by process; the kernel comes first. */
	for (; i < nr; i = end) {
		for (end = i + 1; end < nr; end++)
			if (maps[end].v[M_PID].number != maps[i].v[M_PID].number)
				break;
		draw_space(picture, maps[i].v[M_PID].number, maps + i, end - i);
	}
	for (p = 0; p < view->nr_processes; p++) {
		__u64 pid = view->processes[p].pid;

		for (i = 0; i < nr && maps[i].v[M_PID].number != pid; i++)
			continue;
		if (i == nr && has_file(picture, pid))
			draw_space(picture, pid, NULL, 0);
	}
}

static void draw_legend(struct picture *picture)
{
	static const struct { const char *class, *text; } entries[] = {
		{ "map rw", "map, read and write" }, { "map ro", "map, read-only" },
		{ "map rw part", "map inside another one" },
		{ "window", "window, or part of multi" },
		{ "rest", "capacity beyond the length" },
	};
	size_t i;

	picture->y += 18;
	if (picture->left_out)
		text_at(20, picture->y, "out", "%d more rows are not drawn.", picture->left_out);
	picture->y += 8;
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		int x = 20 + 205 * (int)i;

		draw_rect(x, picture->y, 22, 12, entries[i].class);
		text_at(x + 28, picture->y + 10, "out", "%s", entries[i].text);
	}
}

static const char *const style[] = {
	"text{font:12px sans-serif;fill:#333}.title{font-size:17px;font-weight:bold}",
	".label{text-anchor:end}.wanted{font-weight:bold}.scale{text-anchor:middle;fill:#777}",
	".in{fill:#fff;font-size:11px}.out{fill:#555;font-size:11px}",
	".grid{stroke:#e3e3e3}.border{stroke:#bbb}rect{stroke:#fff;stroke-width:.5}",
	".back{fill:#fff;stroke:none}.memory{fill:#6b6b6b}.copyback{fill:#3f7f4c}",
	".uncached{fill:#a8353a}.write-combine{fill:#7d4f86}.write-through{fill:#a05a2c}",
	".rest{fill:#d9d9d9}.piece{fill:none;stroke:#fff;stroke-width:1.5}",
	".window{fill:#b8640b}.rw{fill:#2f5f94}.ro{fill:#4f93b8}.part{fill-opacity:.72}",
	".somewhere{stroke:#333;stroke-dasharray:4}",
};

static void print_picture(struct picture *picture)
{
	int height;
	char *drawn;
	size_t size, i;

	out = open_memstream(&drawn, &size);
	if (!out)
		die("no memory");
	draw_title(picture);
	draw_memory(picture);
	draw_windows(picture);
	draw_multis(picture);
	draw_spaces(picture);
	fclose(out);
	out = stdout;
	height = picture->y + LEGEND;
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n", WIDTH,
	       height);
	printf("<style>\n");
	for (i = 0; i < ARRAY_SIZE(style); i++)
		puts(style[i]);
	printf("</style>\n");
	draw_rect(0, 0, WIDTH, height, "back");
	draw_scale(picture);
	fwrite(drawn, 1, size, stdout);
	draw_legend(picture);
	printf("</svg>\n");
	free(drawn);
}

int command_draw(void)
{
	struct picture picture = {};
	__u64 id = wanted_id();
	struct view view;

	view_read(&view);
	picture.view = &view;
	picture.wanted = view_wanted(&view, id);
	picture.desc = picture.wanted;
	/* The picture of a window shows all of the memory, if that can be seen. */
	if (picture.wanted->v[D_PARENT].known) {
		const struct desc *parent = view_desc(&view, picture.wanted->v[D_PARENT].number);

		picture.desc = parent ? parent : picture.wanted;
	}
	picture.bytes = picture.desc->v[D_CAPACITY].number;
	if (picture.desc->v[D_LENGTH].number > picture.bytes)
		picture.bytes = picture.desc->v[D_LENGTH].number;
	print_picture(&picture);
	view_free(&view);
	return 0;
}
