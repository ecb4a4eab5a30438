// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a piece of memory, of each kind and size: created, mapped, every page touched,
 * unmapped, destroyed. Further costs are those of a second user, in this process and in
 * another one, of a first user of one page, and of a fork() with the memory mapped.
 */
#include "kinds.h"

/* Operations: a whole life, and its parts. */
#define NR_STEPS	5

/* Odd, so that one sample is the median. */
static int nr_lives(size_t size)
{
	return size > PMD ? 5 : 15;
}

static char *map_all(const struct memory *memory)
{
	return memory->kind->map(memory, 0, memory->size);
}

static void unmap_all(const struct memory *memory, char *address)
{
	memory->kind->unmap(memory, address, memory->size);
}

static void touch_pages(char *address, size_t size)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		touch(address + at, true);
}

/* The first two steps. For a single call the second step costs nothing. */
static char *begin_life(struct memory *memory, bool at_once, struct samples *steps)
{
	char *address;

	if (at_once) {
		COUNT(&steps[0], address = memory->kind->create_mapped(memory));
		add_sample(&steps[1], 0, -1, -1);
	} else {
		COUNT(&steps[0], memory->kind->create(memory));
		COUNT(&steps[1], address = map_all(memory));
	}
	return address;
}

/* Nobody else has the map, so munmap() ends a map of any kind. */
static void count_life(struct memory *memory, bool at_once, struct samples *life,
		       struct samples *steps)
{
	__u64 cost = 0;
	char *address;
	int i;

	address = begin_life(memory, at_once, steps);
	COUNT(&steps[2], touch_pages(address, memory->size));
	COUNT(&steps[3], file_unmap(memory, address, memory->size));
	COUNT(&steps[4], memory->kind->destroy(memory));
	for (i = 0; i < NR_STEPS; i++)
		cost += last_cost(&steps[i]);
	add_sample(life, cost, steps[0].window[0], steps[NR_STEPS - 1].window[1]);
}

static void measure_lives(struct memory *memory, bool at_once, const char *operation,
			  bool with_steps)
{
	struct samples life = SAMPLES(operation);
	struct samples steps[NR_STEPS] = {
		SAMPLES("create"), SAMPLES("map"), SAMPLES("touch"), SAMPLES("unmap"),
		SAMPLES("destroy"),
	};
	int i;

	for (i = 0; i < nr_lives(memory->size); i++) {
		add_vma(i);
		count_life(memory, at_once, &life, steps);
	}
	report(memory->kind->name, memory->size, &life);
	for (i = 0; with_steps && i < NR_STEPS; i++)
		report(memory->kind->name, memory->size, &steps[i]);
}

/* Memory that nobody maps. Pools return memory that has the wanted type already. */
static void measure_making(struct memory *memory)
{
	struct samples samples = SAMPLES("create and destroy");
	int i;

	for (i = 0; i < nr_lives(memory->size); i++)
		COUNT(&samples, ({
			memory->kind->create(memory);
			memory->kind->destroy(memory);
		}));
	report(memory->kind->name, memory->size, &samples);
}

/* Map existing memory once more, and touch every page through that map. */
static void measure_map(const struct memory *memory, const char *operation)
{
	struct samples samples = SAMPLES(operation);
	char *address;
	int i;

	for (i = 0; i < nr_lives(memory->size); i++) {
		add_vma(i);
		COUNT(&samples, ({
			address = map_all(memory);
			touch_pages(address, memory->size);
			unmap_all(memory, address);
		}));
	}
	report(memory->kind->name, memory->size, &samples);
}

/* Destroy memory that nobody needs. */
static void measure_untouched_map(const struct memory *memory)
{
	struct samples samples = SAMPLES("untouched map");
	char *address;
	int i;

	for (i = 0; i < nr_lives(memory->size); i++) {
		add_vma(i);
		COUNT(&samples, ({
			address = map_all(memory);
			unmap_all(memory, address);
		}));
	}
	report(memory->kind->name, memory->size, &samples);
}

/* Map a page in the middle. */
static void measure_window(const struct memory *memory)
{
	struct samples samples = SAMPLES("window");
	char *address;
	int i;

	for (i = 0; i < nr_lives(PAGE); i++) {
		add_vma(i);
		COUNT(&samples, ({
			address = memory->kind->map(memory, memory->size / 2, PAGE);
			touch(address, true);
			memory->kind->unmap(memory, address, PAGE);
		}));
	}
	report(memory->kind->name, memory->size, &samples);
}

/* Fork a child, and wait until it is gone. */
static void measure_fork(const struct memory *memory, const char *operation)
{
	struct samples samples = SAMPLES(operation);
	int i, status;
	pid_t pid;

	for (i = 0; i < MAX_SAMPLES; i++) {
		COUNT(&samples, ({
			pid = fork();
			if (!pid)
				_exit(0);
			NEED(waitpid(pid, &status, 0) == pid);
		}));
		NEED(!status);
	}
	report(memory->kind->name, memory->size, &samples);
}

static void measure_elsewhere(const struct memory *memory)
{
	pid_t pid = fork();
	int status;

	NEED(pid >= 0);
	if (!pid) {
		measure_map(memory, "map elsewhere");
		if (memory->size > PAGE && can_map_page(memory->kind))
			measure_window(memory);
		exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid && !status);
}

static void measure_sharing(struct memory *memory)
{
	char *address;

	memory->kind->create(memory);
	measure_fork(memory, "bare fork");
	address = map_all(memory);
	touch_pages(address, memory->size);
	measure_fork(memory, "fork");
	measure_map(memory, "second map");
	measure_untouched_map(memory);
	measure_elsewhere(memory);
	unmap_all(memory, address);
	memory->kind->destroy(memory);
}

static void measure(const void *kind, __u64 size)
{
	struct memory memory = { .kind = kind, .size = size };
	bool at_once = memory.kind->create_mapped;

	measure_lives(&memory, at_once, "life", true);
	measure_making(&memory);
	measure_sharing(&memory);
	/* The last step, since earlier maps stay. */
	if (at_once)
		measure_lives(&memory, false, "life call by call", false);
}

int main(int argc, char **argv)
{
	const size_t sizes[] = { PAGE, 64 * KIB, 2 * MIB, 64 * MIB };
	int i, j;

	begin(argc, argv);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			if (wanted(kinds[i].name, sizes[j]) &&
			    can_have(&kinds[i], sizes[j]))
				alone(measure, &kinds[i], sizes[j]);
	return 0;
}
