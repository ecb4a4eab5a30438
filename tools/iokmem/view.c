// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collect what this user may see: by the kernel's list everything, or by the files in /proc of the
 * user's own processes what these have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iokmem.h"

#define LIST	"/proc/iokmem/descriptors"
#define POOLS	"/proc/iokmem/pools"

/* Give @number the value. Return false if the kernel has not told it. */
bool number_of(const struct value *value, __u64 *number)
{
	*number = value->number;
	return value->known;
}

static void read_list(struct view *view, FILE *in)
{
	struct parser *parser = parser_new(in);

	while (parser_next(parser)) {
		struct desc desc;
		struct map map;

		if (parser_desc(parser, true, &desc)) {
			view->descs = grow(view->descs, view->nr_descs, sizeof(desc));
			view->descs[view->nr_descs++] = desc;
		} else if (parser_map(parser, &map)) {
			view->maps = grow(view->maps, view->nr_maps, sizeof(map));
			view->maps[view->nr_maps++] = map;
		}
	}
	if (ferror(in))
		die("%s: %s", LIST, strerror(errno));
	parser_free(parser);
}

static void read_pools(struct view *view)
{
	FILE *in = open_file(POOLS);
	struct parser *parser;
	struct pool pool;

	if (!in)
		return;
	parser = parser_new(in);
	while (parser_next(parser)) {
		if (!parser_pool(parser, &pool))
			continue;
		view->pools = grow(view->pools, view->nr_pools, sizeof(pool));
		view->pools[view->nr_pools++] = pool;
	}
	parser_free(parser);
	fclose(in);
}

/* A file system of a container's may have no /proc/iokmem although there is a module. */
static bool is_loaded(void)
{
	char *path = text_of("%s/sys/module/iokmem", options.root);
	bool loaded = !access(path, F_OK);

	free(path);
	return loaded;
}

static int compare_descs(const void *a, const void *b)
{
	const struct desc *one = a, *other = b;

	return (one->v[D_ID].number > other->v[D_ID].number) -
	       (one->v[D_ID].number < other->v[D_ID].number);
}

static int compare_maps(const void *a, const void *b)
{
	const struct value *one = ((const struct map *)a)->v, *other = ((const struct map *)b)->v;
	static const enum map_key keys[] = { M_ID, M_PID, M_MAPPING, M_PART, M_ADDRESS, M_LENGTH };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (one[keys[i]].number != other[keys[i]].number)
			return one[keys[i]].number > other[keys[i]].number ? 1 : -1;
	}
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	const struct file *one = a, *other = b;

	if (one->id != other->id)
		return one->id > other->id ? 1 : -1;
	if (one->pid != other->pid)
		return one->pid > other->pid ? 1 : -1;
	return one->fd - other->fd;
}

static int compare_processes(const void *a, const void *b)
{
	const struct process *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

/* Several file descriptors tell of one descriptor: keep one record. */
static void drop_duplicates(struct view *view)
{
	size_t i, kept = 0;

	for (i = 0; i < view->nr_descs; i++) {
		if (kept && !compare_descs(&view->descs[kept - 1], &view->descs[i]))
			desc_free(&view->descs[i]);
		else
			view->descs[kept++] = view->descs[i];
	}
	view->nr_descs = kept;
}

static void sort(void *array, size_t nr, size_t size, int (*compare)(const void *, const void *))
{
	if (nr)
		qsort(array, nr, size, compare);
}

/*
 * Read all that there is to see. Without a module this is an error. Without the right to read
 * the kernel's list, it is what the files of this user's processes tell.
 */
void view_read(struct view *view)
{
	FILE *list = open_file(LIST);

	*view = (struct view){ .all = list };
	if (!list && errno != EACCES && errno != EPERM && errno != ENOENT)
		die("%s%s: %s", options.root, LIST, strerror(errno));
	if (!list && !is_loaded())
		die("the kernel module is not loaded: try 'modprobe iokmem'");
	if (list) {
		read_list(view, list);
		fclose(list);
		read_pools(view);
	}
	read_processes(view);
	sort(view->descs, view->nr_descs, sizeof(*view->descs), compare_descs);
	drop_duplicates(view);
	sort(view->maps, view->nr_maps, sizeof(*view->maps), compare_maps);
	sort(view->files, view->nr_files, sizeof(*view->files), compare_files);
	sort(view->processes, view->nr_processes, sizeof(*view->processes), compare_processes);
}

void view_free(struct view *view)
{
	size_t i;

	for (i = 0; i < view->nr_descs; i++)
		desc_free(&view->descs[i]);
	for (i = 0; i < view->nr_maps; i++)
		map_free(&view->maps[i]);
	for (i = 0; i < view->nr_pools; i++)
		values_free(view->pools[i].v, NR_POOL_KEYS);
	for (i = 0; i < view->nr_files; i++)
		free(view->files[i].rights);
	for (i = 0; i < view->nr_processes; i++)
		free(view->processes[i].comm);
	free(view->descs);
	free(view->maps);
	free(view->pools);
	free(view->files);
	free(view->processes);
}

/* Return the descriptor with this number, or NULL if it cannot be seen. */
struct desc *view_desc(const struct view *view, __u64 id)
{
	struct desc key = { .v[D_ID].number = id };

	return view->nr_descs ? bsearch(&key, view->descs, view->nr_descs, sizeof(key),
					compare_descs) : NULL;
}

/* Return the number of a descriptor that is the command's argument. */
__u64 wanted_id(void)
{
	__u64 id;

	if (!options.argument)
		die("which descriptor? 'iokmem list' shows their numbers");
	if (!parse_number(options.argument, &id))
		die("%s is not the number of a descriptor", options.argument);
	return id;
}

/* Return the descriptor that the command is about. */
struct desc *view_wanted(const struct view *view, __u64 id)
{
	struct desc *desc = view_desc(view, id);

	if (desc)
		return desc;
	warn(view->all ? "there is no descriptor %llu" :
	     "no process of yours has descriptor %llu", id);
	exit(EXIT_FOUND);
}

static __u64 map_id(const struct view *view, size_t i)
{
	return view->maps[i].v[M_ID].number;
}

static __u64 file_id(const struct view *view, size_t i)
{
	return view->files[i].id;
}

/* Find the entries, of @nr sorted ones, that are of a descriptor. Return the index of the first. */
static size_t find_run(const struct view *view, size_t nr, __u64 id, size_t *found,
		       __u64 (*id_of)(const struct view *view, size_t i))
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (id_of(view, mid) < id)
			low = mid + 1;
		else
			high = mid;
	}
	for (*found = 0; low + *found < nr && id_of(view, low + *found) == id; ++*found)
		;
	return low;
}

/* Return the maps of the descriptor with this number, and how many. */
struct map *view_maps_of(const struct view *view, __u64 id, size_t *nr)
{
	return view->maps + find_run(view, view->nr_maps, id, nr, map_id);
}

/* Return the file descriptors of the descriptor with this number, and how many. */
struct file *view_files_of(const struct view *view, __u64 id, size_t *nr)
{
	return view->files + find_run(view, view->nr_files, id, nr, file_id);
}

/* Return the process with this number, or NULL. */
struct process *view_process(const struct view *view, __u64 pid)
{
	struct process key = { .pid = pid };

	return view->nr_processes ? bsearch(&key, view->processes, view->nr_processes, sizeof(key),
					    compare_processes) : NULL;
}
