// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a piece of memory takes besides its own pages, in bytes: page tables while it is
 * mapped and touched, and all that the kernel keeps for it after that was undone.
 *
 * The kernel keeps objects of its allocators, which a trace shows, and whole pages. Their
 * number is what is missing besides the memory's own pages and those that the allocators have
 * taken.
 */
#include "kinds.h"

#define TRACING		"/sys/kernel/tracing/"
#define NR_RUNS		7

/* An allocated object, by its address; 0 in a free slot. */
struct object {
	unsigned long long address;
	size_t size;
};

/* A power of two, of which more than half is never used. */
#define NR_OBJECTS	0x10000

static void trace_objects(const char *on)
{
	static const char * const events[] = {
		"kmalloc", "kfree", "kmem_cache_alloc", "kmem_cache_free",
	};
	char path[128];
	int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), TRACING "events/kmem/%s/enable", events[i]);
		need(!write_file(path, on), path);
	}
}

static void start_tracing(void)
{
	NEED(!write_file(TRACING "buffer_size_kb", "16384"));
	NEED(!write_file(TRACING "trace_options", "nohash-ptr"));
	NEED(!write_file(TRACING "tracing_on", "0"));
	trace_objects("1");
}

static void clear_trace(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	NEED(fd >= 0);
	close(fd);
}

static struct object *find_object(struct object *objects, unsigned long long address)
{
	unsigned int i = address * 0x9e3779b97f4a7c15ULL >> 48;

	while (objects[i].address && objects[i].address != address)
		i = (i + 1) % NR_OBJECTS;
	objects[i].address = address;
	return &objects[i];
}

static void read_event(struct object *objects, const char *line)
{
	const char *address = strstr(line, " ptr="), *size = strstr(line, " bytes_alloc=");

	if (!address)
		return;
	find_object(objects, strtoull(address + strlen(" ptr="), NULL, 16))->size =
		size ? strtoul(size + strlen(" bytes_alloc="), NULL, 10) : 0;
}

/* Return the size of all objects that were allocated while tracing and still exist. */
static size_t traced_objects(void)
{
	struct object *objects = calloc(NR_OBJECTS, sizeof(*objects));
	FILE *trace = fopen(TRACING "trace", "re");
	char line[512];
	size_t sum = 0;
	int i;

	NEED(objects && trace);
	while (fgets(line, sizeof(line), trace)) {
		NEED(!strstr(line, "LOST"));
		if (line[0] != '#')
			read_event(objects, line);
	}
	for (i = 0; i < NR_OBJECTS; i++)
		sum += objects[i].size;
	fclose(trace);
	free(objects);
	return sum;
}

/* Return the sum of all numbers after the key. */
static size_t sum_of(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[256], *found;
	size_t sum = 0;

	need(file, path);
	while (fgets(line, sizeof(line), file)) {
		found = strstr(line, key);
		if (found)
			sum += strtoul(found + strlen(key), NULL, 10);
	}
	fclose(file);
	return sum;
}

/* Return the number of pages in use other than for objects. */
static long used_pages(void)
{
	NEED(!write_file("/proc/sys/vm/stat_refresh", "1"));
	return -(sum_of("/proc/zoneinfo", "pages free ") +
		 sum_of("/proc/zoneinfo", " count:") +
		 sum_of("/proc/vmstat", "nr_slab_reclaimable ") +
		 sum_of("/proc/vmstat", "nr_slab_unreclaimable "));
}

static size_t page_tables(void)
{
	return sum_of("/proc/self/status", "VmPTE:") * KIB;
}

/* Return the size of its page tables. */
static size_t use_memory(const struct memory *memory)
{
	size_t before = page_tables(), tables, at;
	char *address;

	address = memory->kind->map(memory, 0, memory->size);
	for (at = 0; at < memory->size; at += PAGE)
		touch(address + at, true);
	tables = page_tables() - before;
	memory->kind->unmap(memory, address, memory->size);
	return tables;
}

static void count_memory(struct memory *memory, struct samples *tables,
			 struct samples *metadata)
{
	long pages, own = memory->size / PAGE;

	settle();
	clear_trace();
	pages = used_pages();
	NEED(!write_file(TRACING "tracing_on", "1"));
	memory->kind->create(memory);
	add_sample(tables, use_memory(memory), -1, -1);
	settle();
	NEED(!write_file(TRACING "tracing_on", "0"));
	pages = used_pages() - pages;
	/* Memory from a reserve takes fewer pages than its own. */
	pages = pages > own ? pages - own : 0;
	add_sample(metadata, traced_objects() + pages * PAGE, -1, -1);
	memory->kind->destroy(memory);
}

static void measure(const void *kind, __u64 size)
{
	struct memory memory = { .kind = kind, .size = size };
	struct samples tables = SAMPLES("page tables"), metadata = SAMPLES("metadata");
	int i;

	for (i = 0; i < NR_RUNS; i++)
		count_memory(&memory, &tables, &metadata);
	report(memory.kind->name, size, &tables);
	report(memory.kind->name, size, &metadata);
}

int main(int argc, char **argv)
{
	const size_t sizes[] = { PAGE, 64 * KIB, 2 * MIB, 64 * MIB };
	int i, j;

	begin(argc, argv);
	start_tracing();
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			if (wanted(kinds[i].name, sizes[j]) &&
			    can_have(&kinds[i], sizes[j]))
				alone(measure, &kinds[i], sizes[j]);
	trace_objects("0");
	return 0;
}
